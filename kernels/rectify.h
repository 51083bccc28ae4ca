/* The activations without exp, of a whole vector; panels_vector.h or rows_vector.h has its type. */

#define RECTIFIERS 3 /* the last of them, in the order of clconv_activation */

/* Activations 0 to RECTIFIERS, as conv_activate. */
INLINE vector rectify(vector x, int activation, float slope)
{
    if (activation == 0)
        return x;
    const vector low = activation == 3 ? slope * x : (vector)0.0f;
    const vector most = (vector)(activation == 2 ? 6.0f : INFINITY);
    return select(select(x, most, x > most), low, x < 0.0f);
}
