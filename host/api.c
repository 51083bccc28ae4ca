/* The public entry points: null checks, then down. */
#include "clconv_cl.h"
