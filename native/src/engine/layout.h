#pragma once
#include <cstdint>
#include <vector>

#include "engine/backend.h"
#include "engine/ops.h"

namespace fastmlx {

// A row of the step: tokens of one timeline from position `first` on, in rows [row, row + count) of a tensor.
struct Span {
    int slot, row, count, first;
};

// Which token each row of a step's tensors belongs to. They have one row for every token until Ops::wanted keeps those
// whose hidden state is asked for: of each span what lies between the first and the last token that is scored or that
// something is sampled behind. Most of a prompt is not asked for, and of most steps in its middle nothing is.
class Layout {
  public:
    // `everything`: all are wanted, whatever the rows say.
    void lay(const Batch& batch, bool everything);
    void clear();

    const std::vector<Span>& all() const { return all_; }
    // The spans of a tensor, and the positions of its rows.
    const std::vector<Span>& spans(Tensor x) const { return whole(x) ? all_ : wanted_; }
    const std::vector<int32_t>& positions(Tensor x) const { return whole(x) ? positions_ : wanted_positions_; }

    int tokens() const { return static_cast<int>(positions_.size()); }
    const std::vector<int>& wanted() const { return rows_; }  // the rows to keep, of one for every token
    // The row of a tensor that belongs to a token of the step's `row`-th row.
    int place(Tensor x, size_t row, int token) const;

  private:
    // A tensor of as many rows as tokens has them all: where that many are wanted, it is the same.
    bool whole(Tensor x) const { return x.rows == tokens(); }

    std::vector<Span> all_, wanted_;  // wanted_: without the spans that nobody asks about
    std::vector<int> rows_;
    std::vector<int> from_, kept_;  // of each span: its first wanted token, and how many wanted rows come before
    std::vector<int32_t> positions_, wanted_positions_;
};

}  // namespace fastmlx
