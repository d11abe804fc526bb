#if !defined(_WIN32)
#include <fcntl.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "engine/failure.h"
#include "engine/model.h"
#include "fastmlx.h"

static_assert(sizeof(fm_row) == 40 && sizeof(fm_model_options) == 24 && sizeof(fm_model_info) == 104 &&
              sizeof(fm_backend_info) == 144 && sizeof(fm_adjust) == 56);

struct fm_model {
    std::unique_ptr<fastmlx::Model> model;
    std::thread::id owner;
};

namespace fastmlx {
namespace {

thread_local std::string last_error;

// The log is the one global: it must work before any model exists.
std::mutex log_mutex;
fm_log_fn log_function = nullptr;
void* log_context = nullptr;

// A second failure inside, such as no memory for the message, must end the process: hence noexcept.
template <class Body>
fm_status guard(Body&& body) noexcept {
    try {
        body();
        return FM_OK;
    } catch (const Failure& failure) {
        last_error = failure.what();
        return failure.status();
    } catch (const std::bad_alloc&) {
        last_error = "not enough memory";
        return FM_NO_MEMORY;
    } catch (const std::exception& error) {
        last_error = error.what();
        return FM_INTERNAL;
    } catch (...) {
        last_error = "an unknown failure";
        return FM_INTERNAL;
    }
}

template <class T>
T& need(T* pointer, const char* name) {
    if (pointer == nullptr) fail(FM_INVALID, name, " is null");
    return *pointer;
}

template <class T>
void copy(std::vector<T>& to, const T* from, int32_t count, const char* name) {
    if (count < 0 || (count > 0 && from == nullptr)) fail(FM_INVALID, name, " is no array of ", count);
    to.assign(from, from + count);
}

Model& owned(const fm_model* handle) {
    const fm_model& model = need(handle, "model");
    if (model.owner != std::this_thread::get_id())
        fail(FM_INVALID, "a model may only be used by the thread that opened it");
    return *model.model;
}

std::unique_ptr<Model> open(const std::string& folder, const fm_model_options& options) {
    if ((options.backend & FM_IN_GROUP) != 0) {
        if ((options.backend & 0xFF) != FM_BACKEND_MLX) fail(FM_INVALID, "only MLX computes in a group of processes");
        return open_group_model(folder, options);
    }
    switch (options.backend & 0xFF) {  // above: FM_KERNELS_*
        case FM_BACKEND_NULL:
            return open_null_model(folder, options);
        case FM_BACKEND_AUTO:
            return mlx_has_gpu() ? open_mlx_model(folder, options) : open_cpu_model(folder, options);
        case FM_BACKEND_CPU:
        case FM_BACKEND_CPU_ROUNDED:
            return open_cpu_model(folder, options);
        case FM_BACKEND_MLX:
            return open_mlx_model(folder, options);
        default:
            fail(FM_INVALID, "there is no backend ", options.backend);
    }
}

void check_options(const fm_model_options& options) {
    bool sane = options.threads >= 0 && options.threads <= 1024 && options.max_slots >= 0 &&
                options.max_slots <= 65536 && options.max_step_tokens >= 0 && options.max_step_tokens <= 65536;
    if (!sane) fail(FM_INVALID, "threads, max_slots or max_step_tokens is out of range");
}

#if defined(_WIN32)
void sync_folder(const std::string&) {}  // NTFS journals its folders; there is no call for it
#else
void sync_folder(const std::string& folder) {
    int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) fail(FM_IO, "cannot open ", folder, ": ", std::strerror(errno));
    int failure = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    // A file system without the call (EINVAL) gives no promise that could be kept.
    if (failure != 0 && failure != EINVAL) fail(FM_IO, "cannot sync ", folder, ": ", std::strerror(failure));
}
#endif

}  // namespace

void log_text(int level, const std::string& text) {
    std::lock_guard<std::mutex> lock(log_mutex);
    if (log_function != nullptr) log_function(log_context, level, text.c_str());
}

}  // namespace fastmlx

using namespace fastmlx;

extern "C" {

uint32_t fm_abi_version(void) { return 1; }
const char* fm_last_error(void) { return last_error.c_str(); }

void fm_set_log(fm_log_fn log, void* context) {
    guard([&] {
        std::lock_guard<std::mutex> lock(log_mutex);
        log_function = log;
        log_context = context;
    });
}

fm_status fm_backend_describe(fm_backend_info* out) {
    return guard([&] {
        std::memset(&need(out, "out"), 0, sizeof *out);
        describe_mlx(*out);
    });
}

fm_status fm_use_metallib(const char* path) {
    return guard([&] { use_metallib(&need(path, "path")); });
}

fm_status fm_group_join(int32_t* rank, int32_t* size) {
    return guard([&] { join_group(need(rank, "rank"), need(size, "size")); });
}

fm_status fm_model_open(const char* dir, const fm_model_options* options, fm_model** out) {
    return guard([&] {
        need(out, "out") = nullptr;
        check_options(need(options, "options"));
        auto handle = std::make_unique<fm_model>();
        handle->owner = std::this_thread::get_id();
        handle->model = open(&need(dir, "dir"), *options);
        *out = handle.release();
    });
}

void fm_model_close(fm_model* model) {
    guard([&] { delete model; });
}

fm_status fm_model_follow(fm_model* model) {
    return guard([&] { owned(model).follow(); });
}

fm_status fm_model_describe(const fm_model* model, fm_model_info* out) {
    return guard([&] {
        std::memset(&need(out, "out"), 0, sizeof *out);
        owned(model).describe(*out);
    });
}

fm_status fm_slot_open(fm_model* model, int32_t* out) {
    return guard([&] { need(out, "out") = owned(model).slot_open(); });
}

fm_status fm_slot_fork(fm_model* model, int32_t slot, int32_t length, int32_t* out) {
    return guard([&] { need(out, "out") = owned(model).slot_fork(slot, length); });
}

fm_status fm_slot_trim(fm_model* model, int32_t slot, int32_t length) {
    return guard([&] { owned(model).slot_trim(slot, length); });
}

fm_status fm_slot_length(const fm_model* model, int32_t slot, int32_t* out) {
    return guard([&] { need(out, "out") = owned(model).slot_length(slot); });
}

fm_status fm_slot_bytes(const fm_model* model, int32_t slot, uint64_t* out) {
    return guard([&] { need(out, "out") = owned(model).slot_bytes(slot); });
}

void fm_slot_close(fm_model* model, int32_t slot) {
    guard([&] { owned(model).slot_close(slot); });
}

fm_status fm_slot_save(fm_model* model, int32_t slot, void* buffer, uint64_t capacity, uint64_t* size) {
    return guard([&] {
        if (buffer == nullptr && capacity != 0) fail(FM_INVALID, "buffer is null");
        need(size, "size") = owned(model).slot_save(slot, buffer, capacity);
        if (capacity != 0 && capacity < *size) fail(FM_INVALID, "the slot needs ", *size, " bytes, not ", capacity);
    });
}

fm_status fm_slot_load(fm_model* model, const void* buffer, uint64_t size, int32_t* out) {
    return guard([&] {
        need(static_cast<const char*>(buffer), "buffer");
        need(out, "out") = owned(model).slot_load(buffer, size);
    });
}

fm_status fm_slot_save_rows(fm_model* model, int32_t slot, int32_t first, int32_t count, void* buffer,
                            uint64_t capacity, uint64_t* size) {
    return guard([&] {
        if (buffer == nullptr && capacity != 0) fail(FM_INVALID, "buffer is null");
        need(size, "size") = owned(model).slot_save_rows(slot, first, count, buffer, capacity);
        if (capacity != 0 && capacity < *size) fail(FM_INVALID, "the rows need ", *size, " bytes, not ", capacity);
    });
}

fm_status fm_slot_load_rows(fm_model* model, int32_t slot, const void* buffer, uint64_t size) {
    return guard([&] {
        need(static_cast<const char*>(buffer), "buffer");
        owned(model).slot_load_rows(slot, buffer, size);
    });
}

fm_status fm_step_begin(fm_model* model, const fm_row* rows, int32_t row_count, const int32_t* tokens, int32_t count) {
    return guard([&] {
        Adjusts none;
        owned(model).step_begin(&need(rows, "rows"), row_count, &need(tokens, "tokens"), count, none);
    });
}

fm_status fm_step_end(fm_model* model, int32_t* next, int32_t count) {
    return guard([&] { owned(model).step_end(&need(next, "next"), count); });
}

fm_status fm_debug_logits(fm_model* model, const fm_row* row, const int32_t* tokens, int32_t all, float* out,
                          uint64_t capacity) {
    return guard([&] {
        owned(model).debug_logits(need(row, "row"), &need(tokens, "tokens"), all != 0, &need(out, "out"), capacity);
    });
}

fm_status fm_step_logprobs(fm_model* model, int32_t row, int32_t top, float* chosen, int32_t* ids, float* logprobs) {
    return guard([&] {
        if (top < 0 || (top > 0 && (ids == nullptr || logprobs == nullptr))) fail(FM_INVALID, "top without its arrays");
        owned(model).step_logprobs(row, top, &need(chosen, "chosen"), ids, logprobs);
    });
}

fm_status fm_folder_sync(const char* folder) {
    return guard([&] { sync_folder(&need(folder, "folder")); });
}

fm_status fm_model_adjusts(const fm_model* model, int32_t* out) {
    return guard([&] { need(out, "out") = owned(model).can_adjust() ? 1 : 0; });
}

fm_status fm_step_begin_adjusted(fm_model* model, const fm_row* rows, int32_t row_count, const int32_t* tokens,
                                 int32_t count, const fm_adjust* adjusts, int32_t adjust_count, const int32_t* ids,
                                 int32_t id_count, const float* values, int32_t value_count, const uint32_t* mask,
                                 int32_t mask_words) {
    return guard([&] {
        Adjusts given;
        copy(given.entries, adjusts, adjust_count, "adjusts");
        copy(given.ids, ids, id_count, "ids");
        copy(given.values, values, value_count, "values");
        copy(given.mask, mask, mask_words, "mask");
        given.last.assign(given.entries.size(), -1);
        owned(model).step_begin(&need(rows, "rows"), row_count, &need(tokens, "tokens"), count, given);
    });
}

fm_status fm_step_scores(fm_model* model, int32_t row, int32_t count, int32_t top, float* scores, int32_t* ids,
                         float* logprobs) {
    return guard([&] {
        if (count < 1 || top < 0 || (top > 0 && (ids == nullptr || logprobs == nullptr)))
            fail(FM_INVALID, "scores without their arrays");
        owned(model).step_scores(row, count, top, &need(scores, "scores"), ids, logprobs);
    });
}

}  // extern "C"
