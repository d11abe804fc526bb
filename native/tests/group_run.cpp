// A model computed by several processes, for tests: fastmlx_group_run FOLDER COUNT TOKEN... under MLX's launcher's
// environment, or alone with --alone in front. Rank 0 prints the greedy tokens, in one stream and in a fork of it that
// was fed in pieces; a member after it follows..
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fastmlx.h"

namespace {

void check(fm_status status) {
    if (status == FM_OK) return;
    std::printf("error %d: %s\n", status, fm_last_error());
    std::fflush(stdout);
    std::exit(1);
}

int32_t step(fm_model* model, int32_t slot, int32_t first, const std::vector<int32_t>& tokens, bool sample) {
    fm_row row{};
    row.slot = slot;
    row.first = first;
    row.count = static_cast<int32_t>(tokens.size());
    row.sample = sample ? 1 : 0;
    row.top_p = 1;
    int32_t next = -1;
    check(fm_step_begin(model, &row, 1, tokens.data(), row.count));
    check(fm_step_end(model, &next, 1));
    return next;
}

// Two steps in flight, as the engine has them.
void decode(fm_model* model, int32_t slot, int32_t length, int count) {
    fm_row row{};
    row.slot = slot;
    row.count = row.sample = 1;
    row.top_p = 1;
    int32_t last = FM_LAST_TOKEN, next = -1;
    for (int i = 0; i < count; ++i) {
        row.first = length + i;
        check(fm_step_begin(model, &row, 1, &last, 1));
        if (i > 0) check(fm_step_end(model, &next, 1));
        if (i > 0) std::printf(" %d", next);
        if (i % 16 == 0) std::fflush(stdout);
    }
    check(fm_step_end(model, &next, 1));
    std::printf(" %d\n", next);
    std::fflush(stdout);
}

void lead(fm_model* model, const std::vector<int32_t>& prompt, int count) {
    int32_t slot = 0, fork = 0;
    check(fm_slot_open(model, &slot));
    auto length = static_cast<int32_t>(prompt.size());
    std::printf("whole %d", step(model, slot, 0, prompt, true));
    decode(model, slot, length, count - 1);
    int32_t half = length / 2;
    check(fm_slot_open(model, &fork));
    step(model, fork, 0, {prompt.begin(), prompt.begin() + half}, false);
    int32_t twin = 0;
    check(fm_slot_fork(model, fork, half, &twin));
    fm_slot_close(model, fork);
    std::printf("pieces %d", step(model, twin, half, {prompt.begin() + half, prompt.end()}, true));
    decode(model, twin, length, count - 1);
    fm_slot_close(model, twin);
    fm_slot_close(model, slot);
}

}  // namespace

int main(int argc, char** argv) {
    int at = 1;
    bool alone = argc > at && std::string(argv[at]) == "--alone";
    if (alone) ++at;
    if (argc < at + 3) return 2;
    fm_model_options options{};
    options.backend = FM_BACKEND_MLX | (alone ? 0 : FM_IN_GROUP);
    int32_t rank = 0, size = 1;
    if (!alone) check(fm_group_join(&rank, &size));
    fm_model* model = nullptr;
    check(fm_model_open(argv[at], &options, &model));
    std::vector<int32_t> prompt;
    for (int i = at + 2; i < argc; ++i) prompt.push_back(std::atoi(argv[i]));
    if (rank == 0)
        lead(model, prompt, std::atoi(argv[at + 1]));
    else
        check(fm_model_follow(model));
    fm_model_close(model);
    std::printf("done %d of %d\n", rank, size);
    return 0;
}
