/* SIGINT and SIGTERM as a wish to finish early. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/* From now on the first of these signals is noted; a second one kills as usual. */
void interrupt_catch(void);

/* The number of the signal that came, 0 if none has. */
int interrupted(void);

#endif
