#include "mlx/group.h"

#include <mutex>

#include "engine/failure.h"

namespace fastmlx {

namespace mx = mlx::core;

namespace {

constexpr int kTextMax = 2000;

std::mutex spent_mutex;
std::string spent;

}  // namespace

void Group::spend(const std::string& why) {
    std::lock_guard<std::mutex> lock(spent_mutex);
    if (spent.empty()) spent = why;
}

const Group& Group::join() {
    // Never destroyed: taking a group down waits for its threads, and those wait for members that may be gone.
    static const Group* group = nullptr;
    std::lock_guard<std::mutex> lock(spent_mutex);
    if (!spent.empty()) fail(FM_INTERNAL, "the group of processes is over (", spent, "); start the whole group again");
    if (group == nullptr) group = new Group(mx::distributed::init(false));
    if (group->size() == 1)
        fail(FM_INVALID,
             "no group of processes was found. Start them with MLX's launcher, such as `mlx.launch --hosts "
             "host1,host2 -- fastmlx serve --distributed …`, or set MLX_RANK and MLX_HOSTFILE as it does");
    return *group;
}

mx::array Group::sum(const mx::array& part) const { return mx::distributed::all_sum(part, group_); }

mx::array Group::of_first(const mx::array& ids) const {
    // Not zeros_like: what does not depend on the sums before it may be added up before them, here and not there.
    return mx::distributed::all_sum(rank() == 0 ? ids : mx::multiply(ids, mx::array(0, ids.dtype())), group_);
}

std::string Group::announce(const std::string& text) const {
    if (text.size() > kTextMax) fail(FM_INTERNAL, "a text of ", text.size(), " bytes is too long to announce");
    std::vector<int32_t> bytes(kTextMax);
    if (rank() == 0) std::copy(text.begin(), text.end(), bytes.begin());
    mx::array all = of_first(mx::array(bytes.data(), {kTextMax}, mx::int32));
    all.eval();
    std::string result;
    for (int i = 0; i < kTextMax && all.data<int32_t>()[i] != 0; ++i)
        result.push_back(static_cast<char>(all.data<int32_t>()[i]));
    return result;
}

}  // namespace fastmlx
