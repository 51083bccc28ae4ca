/* Files kept between processes: compiled programs, tuning records. They lie in one folder of this
 * user's own. Any number of processes may read and write it at the same time: a file is written
 * under another name and then renamed, so a reader sees a whole file or none. Nothing here fails
 * loudly: without a folder reads find nothing and writes do nothing. */
#ifndef CC_STORE_H
#define CC_STORE_H

#include <stddef.h>
#include <stdint.h>

enum { CC_STORE_PATH = 1024 };

typedef struct cc_store {
    char folder[CC_STORE_PATH]; /* "" when there is none */
} cc_store;

/* The folder $CLCONV_CACHE_DIR (none if that is empty), else $XDG_CACHE_HOME/clconv, else
 * $HOME/.cache/clconv; made, with mode 0700, if it is missing. There is none when it cannot be
 * made, belongs to somebody else or is writable by others: what is loaded from it is run. */
void cc_store_open(cc_store *store);

/* The whole file and a NUL behind it, the caller's to free; NULL when it cannot be read. */
char *cc_store_read(const cc_store *store, const char *name, size_t *bytes);

typedef struct cc_store_part {
    const void *data;
    size_t bytes;
} cc_store_part;

/* Writes or replaces a file: the parts in a row. Returns whether it is there now. */
int cc_store_write(const cc_store *store, const char *name, const cc_store_part *parts,
                   size_t count);

/* Adds a line (with its newline) to the end of a file. */
void cc_store_append(const cc_store *store, const char *name, const char *line);

/* Says that a file was of use now: cc_store_trim removes it later. */
void cc_store_touch(const cc_store *store, const char *name);

/* Removes the files with this suffix that were longest of no use until the rest takes at most
 * `bytes`, and what processes that died while writing left behind. */
void cc_store_trim(const cc_store *store, const char *suffix, uint64_t bytes);

#endif
