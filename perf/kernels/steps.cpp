// Prefill and decode of a real model over the C ABI: fastmlx_steps MODEL [TABLE] [PROMPT] [CHUNK] [STEPS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "fastmlx.h"

namespace {

// Of all threads: what stays comparable where others load the machine.
double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void check(fm_status status) {
    if (status == FM_OK) return;
    std::fprintf(stderr, "%s\n", fm_last_error());
    std::exit(1);
}

fm_row row_of(int slot, int first, int count, int sample) {
    fm_row row{};
    row.slot = slot;
    row.first = first;
    row.count = count;
    row.sample = sample;
    row.top_p = 1;
    return row;
}

int32_t feed(fm_model* model, int slot, int first, int count, int vocab) {
    std::vector<int32_t> tokens(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) tokens[static_cast<size_t>(i)] = (first + i) * 7919 % vocab;
    fm_row row = row_of(slot, first, count, 1);
    int32_t next = 0;
    check(fm_step_begin(model, &row, 1, tokens.data(), count));
    check(fm_step_end(model, &next, 1));
    return next;
}

void decode(fm_model* model, const std::vector<int32_t>& slots, int first, int steps) {
    auto rows = static_cast<int32_t>(slots.size());
    std::vector<int32_t> tokens(slots.size(), 5), next(slots.size());
    double start = now(), busy = cpu();
    for (int i = 0; i < steps; ++i) {
        std::vector<fm_row> batch;
        for (int32_t slot : slots) batch.push_back(row_of(slot, first + i, 1, 1));
        check(fm_step_begin(model, batch.data(), rows, tokens.data(), rows));
        check(fm_step_end(model, next.data(), rows));
        tokens = next;
    }
    double seconds = now() - start;
    std::printf("decode %d rows: %.1f tokens/s (%.3f ms a step, %.3f ms of CPU)\n", rows, steps * rows / seconds,
                seconds / steps * 1e3, (cpu() - busy) / steps * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    auto number = [&](int index, int other) { return argc > index ? std::atoi(argv[index]) : other; };
    int table = number(2, 0), prompt = number(3, 4096), chunk = number(4, 512), steps = number(5, 64);
    fm_model_options options{};
    options.backend = FM_BACKEND_CPU | table << 8;
    options.threads = number(6, 0);
    options.max_step_tokens = chunk;
    fm_model* model = nullptr;
    check(fm_model_open(argv[1], &options, &model));
    fm_model_info info{};
    check(fm_model_describe(model, &info));
    int32_t slot = 0;
    check(fm_slot_open(model, &slot));
    double start = now(), last = start, busy = cpu();
    for (int at = 0, mark = 0; at < prompt; at += chunk) {
        int count = prompt - at < chunk ? prompt - at : chunk;
        feed(model, slot, at, count, info.vocab_size);
        if (at + count - mark < prompt / 4 && at + count < prompt) continue;
        std::printf("prefill to %d: %.1f tokens/s\n", at + count, (at + count - mark) / (now() - last));
        mark = at + count;
        last = now();
    }
    std::printf("prefill of %d: %.1f tokens/s, %.1f per CPU second\n", prompt, prompt / (now() - start),
                prompt / (cpu() - busy));
    decode(model, {slot}, prompt, steps);
    std::vector<int32_t> slots;
    for (int i = 0; i < 8; ++i) {
        int32_t copy = 0;
        check(fm_slot_fork(model, slot, prompt + steps, &copy));
        slots.push_back(copy);
    }
    decode(model, slots, prompt + steps, steps);
    fm_model_close(model);
    return 0;
}
