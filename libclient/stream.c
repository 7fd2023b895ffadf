/* Streams: files as sources and sinks; gzip and digests on the way out.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* ---- files ---- */

static long read_file(void *user, void *to, size_t n) {
    mk_source *source = user;
    size_t got = fread(to, 1, n, source->file);
    return got == 0 && ferror(source->file) ? -1 : (long)got;
}

static int rewind_file(void *user) {
    mk_source *source = user;
    clearerr(source->file);
    return fseeko(source->file, source->start, SEEK_SET);
}

/* Only a regular file can be looked at without taking from it. */
static void look_at(mk_source *source, FILE *file) {
    struct stat about;
    off_t start = ftello(file);
    if (start < 0 || fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        return;
    int first = getc(file), second = first == EOF ? EOF : getc(file);
    clearerr(file);
    if (fseeko(file, start, SEEK_SET) != 0)
        return;
    source->gzipped = first == 0x1F && second == 0x8B;
    source->rewind = rewind_file;
    source->start = start;
    source->length = about.st_size > start ? about.st_size - start : 0;
}

int mk_source_from_file(mk_source *source, FILE *file) {
    if (source == NULL || file == NULL || source->size < MK_END_OF(mk_source, start))
        return MK_ERR_ARGUMENT;
    mk_source made = {.read = read_file, .user = source, .file = file};
    look_at(&made, file);
    mk_struct_write(source, &made, sizeof made);
    return ferror(file) ? MK_ERR_FILE : MK_OK;
}

static int write_file(void *user, const void *bytes, size_t n) {
    return fwrite(bytes, 1, n, user) == n ? 0 : -1;
}

int mk_sink_to_file(mk_sink *sink, FILE *file) {
    if (sink == NULL || file == NULL || sink->size < MK_END_OF(mk_sink, user))
        return MK_ERR_ARGUMENT;
    mk_struct_write(sink, &(mk_sink){.write = write_file, .user = file}, sizeof *sink);
    return MK_OK;
}

bool mk_sink_is_file(const mk_sink *sink) {
    return sink->write == write_file;
}

bool mk_sink_flush(const mk_sink *sink) {
    return !mk_sink_is_file(sink) || fflush(sink->user) == 0;
}

/* ---- out ---- */

#define PIECE ((size_t)64 * 1024)
/* Measured on the rows of deploy/demo: level 1 takes them to 1/5.3 at 178 MB/s, level 6 to 1/7.2 at 60 MB/s; with a
 * digest it is done twice, so that the processor would be slower than most lines. */
#define LEVEL 1

struct mk_outflow {
    mk_source source;
    int64_t taken;
    bool gzip, ended, finished; /* the source was read to its end; everything is in `out` */
    z_stream z;
    size_t n_out, at_out; /* what of `out` is to be handed on */
    unsigned char in[PIECE], out[PIECE];
};

struct mk_outflow *mk_outflow_create(const mk_source *source, bool gzip) {
    struct mk_outflow *flow = calloc(1, sizeof *flow);
    if (flow == NULL)
        return NULL;
    flow->source = *source;
    flow->gzip = gzip && !source->gzipped;
    if (flow->gzip && deflateInit2(&flow->z, LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(flow);
        return NULL;
    }
    return flow;
}

void mk_outflow_destroy(struct mk_outflow *flow) {
    if (flow == NULL)
        return;
    if (flow->gzip)
        deflateEnd(&flow->z);
    free(flow);
}

int mk_outflow_rewind(struct mk_outflow *flow) {
    if (flow->taken == 0 && !flow->ended)
        return MK_OK;
    if (flow->source.rewind == NULL || flow->source.rewind(flow->source.user) != 0)
        return flow->source.read == read_file ? MK_ERR_FILE : MK_ERR_CALLBACK;
    if (flow->gzip)
        deflateReset(&flow->z);
    flow->z.avail_in = 0;
    flow->taken = 0;
    flow->ended = flow->finished = false;
    flow->n_out = flow->at_out = 0;
    return MK_OK;
}

static long take(struct mk_outflow *flow, void *to, size_t n, int *ret_code) {
    long got = flow->source.read(flow->source.user, to, n);
    if (got < 0 || (size_t)got > n) {
        *ret_code = flow->source.read == read_file ? MK_ERR_FILE : MK_ERR_CALLBACK;
        return -1;
    }
    flow->taken += got;
    flow->ended = got == 0;
    return got;
}

/* Fills `out`. The compressor is always given whole pieces, however the source hands its bytes out: so the same source
 * becomes the same bytes, and a digest of the first time holds for the second. */
static bool compress_piece(struct mk_outflow *flow, int *ret_code) {
    flow->z.next_out = flow->out;
    flow->z.avail_out = sizeof flow->out;
    while (flow->z.avail_out > 0 && !flow->finished) {
        if (flow->z.avail_in == 0 && !flow->ended) {
            size_t n = 0;
            while (n < sizeof flow->in && !flow->ended) {
                long got = take(flow, flow->in + n, sizeof flow->in - n, ret_code);
                if (got < 0)
                    return false;
                n += (size_t)got;
            }
            flow->z.next_in = flow->in;
            flow->z.avail_in = (uInt)n;
        }
        int result = deflate(&flow->z, flow->ended ? Z_FINISH : Z_NO_FLUSH);
        flow->finished = result == Z_STREAM_END;
        if (result != Z_OK && result != Z_BUF_ERROR && !flow->finished) {
            *ret_code = MK_ERR_NO_MEMORY; /* deflate() itself fails of nothing else */
            return false;
        }
    }
    flow->n_out = sizeof flow->out - flow->z.avail_out;
    flow->at_out = 0;
    return true;
}

long mk_outflow_read(struct mk_outflow *flow, void *to, size_t n, int *ret_code) {
    if (!flow->gzip)
        return flow->ended ? 0 : take(flow, to, n, ret_code);
    if (flow->at_out == flow->n_out && !flow->finished && !compress_piece(flow, ret_code))
        return -1;
    size_t rest = flow->n_out - flow->at_out;
    if (n > rest)
        n = rest;
    memcpy(to, flow->out + flow->at_out, n);
    flow->at_out += n;
    return (long)n;
}

int64_t mk_outflow_taken(const struct mk_outflow *flow) {
    return flow->taken;
}

/* ---- the digest ---- */

static bool tell_now_and_then(const struct mk_exchange *tells, int64_t *told_ms) {
    int64_t now = mk_now_ms();
    if (now - *told_ms < MK_PROGRESS_MS)
        return true;
    *told_ms = now;
    return mk_tell_progress(tells, 0);
}

/* *ret_stopped: by the progress callback. */
static int digest_all(struct mk_outflow *flow, const struct mk_exchange *tells, EVP_MD_CTX *context,
                      unsigned char digest[32], int64_t *ret_length, bool *ret_stopped) {
    unsigned char *piece = malloc(PIECE);
    int code = piece != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 ? MK_OK : MK_ERR_NO_MEMORY;
    int64_t length = 0, told_ms = 0;
    long n = 1;
    while (code == MK_OK && n > 0) {
        *ret_stopped = tells != NULL && !tell_now_and_then(tells, &told_ms);
        if (*ret_stopped) {
            code = MK_ERR_CALLBACK;
            break;
        }
        n = mk_outflow_read(flow, piece, PIECE, &code);
        if (n > 0 && EVP_DigestUpdate(context, piece, (size_t)n) != 1)
            code = MK_ERR_NO_MEMORY;
        length += n > 0 ? n : 0;
    }
    if (code == MK_OK && EVP_DigestFinal_ex(context, digest, NULL) != 1)
        code = MK_ERR_NO_MEMORY;
    free(piece);
    if (code == MK_OK)
        *ret_length = length;
    return code;
}

int mk_outflow_digest(struct mk_outflow *flow, const struct mk_exchange *tells, char to[64], int64_t *ret_length,
                      mk_error *error) {
    unsigned char digest[32], text[45];
    int64_t length = 0;
    bool stopped = false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int code = context == NULL ? MK_ERR_NO_MEMORY : digest_all(flow, tells, context, digest, &length, &stopped);
    EVP_MD_CTX_free(context);
    if (code == MK_OK)
        code = mk_outflow_rewind(flow);
    if (code == MK_ERR_NO_MEMORY)
        return mk_fail_memory(error);
    if (stopped)
        return mk_fail_progress(error);
    if (code != MK_OK)
        return mk_fail(error, code, "the source could not be read and rewound: %s",
                       code == MK_ERR_FILE ? strerror(errno) : "its callback said so");
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(to, 64, "sha-256=:%s:", (const char *)text);
    *ret_length = length;
    return MK_OK;
}
