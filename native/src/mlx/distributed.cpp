#include "engine/failure.h"
#include "engine/model.h"
#include "mlx/follow_model.h"
#include "mlx/group.h"
#include "mlx/lead_model.h"

namespace fastmlx {

void join_group(int& rank, int& size) {
    const Group& group = Group::join();
    rank = group.rank();
    size = group.size();
}

std::unique_ptr<Model> open_group_model(const std::string& folder, const fm_model_options& options) {
    if (Group::join().rank() > 0) return std::make_unique<FollowModel>(folder, options);
    auto lead = std::make_unique<LeadModel>();
    lead->open(folder, options);
    return lead;
}

}  // namespace fastmlx
