/* FastMlx engine ABI, version 1. Compiles as C11 and C++20. Grow it by adding functions, never by changing one.
 * Threads: fm_abi_version, fm_last_error and fm_set_log from any thread; everything that takes a model only from the
 * thread that opened it. Every function returns a status; the text of the last failure on the calling thread is
 * fm_last_error(). No C++ exception crosses this boundary. */
#ifndef FASTMLX_H
#define FASTMLX_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define FM_API
#else
#define FM_API __attribute__((visibility("default")))
#endif

typedef int32_t fm_status;
#define FM_OK 0
#define FM_INVALID (-1)     /* the caller's mistake: bad argument, bad file content */
#define FM_UNSUPPORTED (-2) /* this backend or model cannot do it */
#define FM_NO_MEMORY (-3)
#define FM_IO (-4)
#define FM_INTERNAL (-5)

#define FM_BACKEND_AUTO 0 /* MLX where it is linked and a GPU exists, else CPU */
#define FM_BACKEND_MLX 1
#define FM_BACKEND_CPU 2
#define FM_BACKEND_NULL 3 /* no weights: the next token is a hash of the timeline */
/* The CPU backend has two arithmetics for quantised weights under bf16 or f16 activations. FM_BACKEND_CPU sums in
 * float32, as MLX does on a GPU: faster and more exact, and what models are served with. FM_BACKEND_CPU_ROUNDED rounds
 * every product and sum as MLX's own CPU loops do, so that a graph can be compared with MLX's numbers bit for bit. */
#define FM_BACKEND_CPU_ROUNDED 4

/* Or-ed to a CPU backend, for tests and benches: the instruction set of its kernels, FM_UNSUPPORTED where the machine
 * lacks it. Without one the best that runs. */
#define FM_KERNELS_PLAIN 0x100
#define FM_KERNELS_AVX2 0x200
#define FM_KERNELS_AVX512 0x300
#define FM_KERNELS_NEON 0x400
#define FM_KERNELS_AVX512_BF16 0x500

/* Or-ed to FM_BACKEND_MLX: this process holds one part of the model, the others of its group the rest. */
#define FM_IN_GROUP 0x1000

#define FM_LAST_TOKEN (-1) /* the token this slot sampled in the step before, which may still be on the device */

typedef struct fm_model fm_model;
typedef void (*fm_log_fn)(void* context, int32_t level, const char* text);

typedef struct fm_model_options {
    int32_t backend;          /* FM_BACKEND_* */
    int32_t threads;          /* 0 = all cores */
    int32_t max_slots;        /* 0 = 64 */
    int32_t max_step_tokens;  /* 0 = 512: the most tokens of one step, over all its rows */
    uint64_t state_bytes_max; /* 0 = no limit: state of all slots together */
} fm_model_options;

typedef struct fm_model_info {
    int32_t vocab_size;
    int32_t context_max;
    int32_t can_trim;      /* 1: fm_slot_trim works at every length */
    int32_t can_save_rows; /* 1: fm_slot_save_rows and fm_slot_load_rows work */
    uint64_t weight_bytes;
    uint64_t state_bytes_per_token;
    uint64_t scratch_bytes;
    char backend[32];
    char model_type[32];
} fm_model_info;

typedef struct fm_row { /* one slot's share of a step */
    int32_t slot;
    int32_t first; /* feed `count` tokens at positions first, first+1, ...; first must equal the slot's length */
    int32_t count;
    int32_t sample;    /* 1: sample after the row's last token; 0 in the middle of a prompt */
    float temperature; /* 0 = greedy */
    float top_p;       /* 1 = off */
    float min_p;       /* 0 = off */
    int32_t top_k;     /* 0 = off */
    uint64_t seed;     /* the sample depends only on (logits, parameters, seed, position) */
} fm_row;

typedef struct fm_backend_info { /* what the MLX part of this build is and sees; zero where there is none */
    int32_t mlx;                 /* 1: MLX is linked */
    int32_t mlx_gpu;             /* 1: and computes on a GPU here */
    char mlx_version[32];
    char device[64];
    uint64_t memory_bytes;      /* of the device; 0 where MLX does not know */
    uint64_t working_set_bytes; /* what the system recommends at most; likewise */
    uint64_t limit_bytes;       /* MLX's own limit now, and what it holds */
    uint64_t active_bytes;
    uint64_t cached_bytes;
} fm_backend_info;

/* What else one row asks for. The ranges index the arrays of fm_step_begin_adjusted. A token's logit is changed in this
 * order: bias, mask, repetition penalty (positive logits are divided by it, negative ones multiplied; tokens of prompt
 * and answer), frequency and presence penalty (tokens of the answer). What the row feeds as FM_LAST_TOKEN counts as the
 * answer's last token, so that a step can be queued before that token is known. A row whose every token is banned
 * chooses as if it had no adjustment. Log-probabilities are always those of the unchanged logits. */
typedef struct fm_adjust {
    int32_t row;        /* index of the row; in rising order */
    int32_t bias_first; /* logit of ids[i] += values[i], `bias_count` times from here; -INFINITY bans */
    int32_t bias_count;
    int32_t seen_first; /* ids[seen_first ...]: `seen_count` tokens of the timeline, of which the first `seen_prompt` */
    int32_t seen_count; /* belong to the prompt */
    int32_t seen_prompt;
    int32_t mask_first;  /* -1, or the word of `mask` from which bit t % 32 of word t / 32 allows token t */
    int32_t score_first; /* ids[score_first + i]: the token whose log-probability is wanted behind the row's */
    int32_t score_count; /* i-th token; at most the row's count */
    int32_t score_top;   /* beside each the best ids with theirs */
    float frequency_penalty;
    float presence_penalty;
    float repetition_penalty; /* above 0; 1 = off */
    int32_t reserved;         /* 0 */
} fm_adjust;

FM_API uint32_t fm_abi_version(void);
FM_API const char* fm_last_error(void); /* valid until the next failing call on this thread */
FM_API void fm_set_log(fm_log_fn log, void* context);

FM_API fm_status fm_backend_describe(fm_backend_info* out);
/* Where MLX's compiled kernels (mlx.metallib) are, for a program that carries them; before any model is opened. */
FM_API fm_status fm_use_metallib(const char* path);

/* Joins the processes that MLX's launcher started to compute one model together; waits until all are there. Rank 0 is
 * used as any model is, after it was opened with FM_IN_GROUP. The others open it likewise and call fm_model_follow. */
FM_API fm_status fm_group_join(int32_t* rank, int32_t* size);

FM_API fm_status fm_model_open(const char* dir, const fm_model_options* options, fm_model** out);
FM_API void fm_model_close(fm_model* model);
/* Does what rank 0's model does until that is closed (FM_OK), or until a member of the group fails or ends. */
FM_API fm_status fm_model_follow(fm_model* model);
FM_API fm_status fm_model_describe(const fm_model* model, fm_model_info* out);

FM_API fm_status fm_slot_open(fm_model* model, int32_t* out);
/* A new slot that shares the first `length` tokens of `slot`, copy on write. FM_UNSUPPORTED where state cannot be cut
 * and `length` is not the slot's own length. */
FM_API fm_status fm_slot_fork(fm_model* model, int32_t slot, int32_t length, int32_t* out);
FM_API fm_status fm_slot_trim(fm_model* model, int32_t slot, int32_t length);
FM_API fm_status fm_slot_length(const fm_model* model, int32_t slot, int32_t* out);
FM_API fm_status fm_slot_bytes(const fm_model* model, int32_t slot, uint64_t* out);
FM_API void fm_slot_close(fm_model* model, int32_t slot);
/* State of a slot as bytes, for the disk tier. Call fm_slot_save with capacity 0 to learn the size. The format
 * belongs to this model, backend and version; fm_slot_load refuses (FM_INVALID) what does not fit, and leaves no
 * slot behind. */
FM_API fm_status fm_slot_save(fm_model* model, int32_t slot, void* buffer, uint64_t capacity, uint64_t* size);
FM_API fm_status fm_slot_load(fm_model* model, const void* buffer, uint64_t size, int32_t* out);
/* State of tokens [first, first + count), so that a timeline is saved in pieces and a longer one appends its new rows
 * only. Rows that end at the slot's length bring along the state that is not in rows (recurrent, windows), where the
 * model has such. fm_slot_load_rows appends to a slot whose length is where the rows begin; until the rest of the state
 * has come, such a slot may only be appended to and closed. It refuses (FM_INVALID) what does not fit, and leaves the
 * slot as it was. */
FM_API fm_status fm_slot_save_rows(fm_model* model, int32_t slot, int32_t first, int32_t count, void* buffer,
                                   uint64_t capacity, uint64_t* size);
FM_API fm_status fm_slot_load_rows(fm_model* model, int32_t slot, const void* buffer, uint64_t size);

/* `tokens` holds the rows' tokens one after the other; `count` is their total. At most two steps in flight. */
FM_API fm_status fm_step_begin(fm_model* model, const fm_row* rows, int32_t row_count, const int32_t* tokens,
                               int32_t count);
/* Finishes the oldest step: one id per row of it, in order; -1 where sample was 0. */
FM_API fm_status fm_step_end(fm_model* model, int32_t* next, int32_t count);

/* For tests and `debug logits`: one row, fed synchronously; writes float32 logits (row.count, vocab) when all
 * is 1, else (1, vocab). No step may be in flight. */
FM_API fm_status fm_debug_logits(fm_model* model, const fm_row* row, const int32_t* tokens, int32_t all, float* out,
                                 uint64_t capacity);
/* Log-probabilities of the last finished step's row `row`: chosen token's, and the `top` best ids with theirs.
 * Only when fm_row.sample was 3 (1 | 2: keep the log-softmax). */
FM_API fm_status fm_step_logprobs(fm_model* model, int32_t row, int32_t top, float* chosen, int32_t* ids,
                                  float* logprobs);
/* Makes what was created, renamed and deleted in a folder durable. Any thread; needs no model. */
FM_API fm_status fm_folder_sync(const char* folder);
/* 1 where the model's backend honours fm_adjust; else fm_step_begin_adjusted with any is FM_UNSUPPORTED. */
FM_API fm_status fm_model_adjusts(const fm_model* model, int32_t* out);
/* fm_step_begin with adjustments of some of its rows. values[i] belongs to ids[i]; value_count may be less than
 * id_count. All arrays are copied. */
FM_API fm_status fm_step_begin_adjusted(fm_model* model, const fm_row* rows, int32_t row_count, const int32_t* tokens,
                                        int32_t count, const fm_adjust* adjusts, int32_t adjust_count,
                                        const int32_t* ids, int32_t id_count, const float* values, int32_t value_count,
                                        const uint32_t* mask, int32_t mask_words);
/* The scores of the last finished step's row `row`: one log-probability for each of the `count` tokens that its
 * adjustment named, and for each the `top` best ids with theirs, in falling order. */
FM_API fm_status fm_step_scores(fm_model* model, int32_t row, int32_t count, int32_t top, float* scores, int32_t* ids,
                                float* logprobs);

#ifdef __cplusplus
}
#endif
#endif
