#include "weights/json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "engine/failure.h"

namespace fastmlx {

class JsonReader {
  public:
    JsonReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Json document() {
        Json value = read(0);
        skip();
        if (at_ != text_.size()) bad("text after the document");
        return value;
    }

  private:
    static constexpr int kDepthMax = 64;

    [[noreturn]] void bad(const char* what) const { fail(FM_INVALID, file_, ": ", what, " at byte ", at_); }

    void skip() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
            ++at_;
    }

    char peek() {
        skip();
        if (at_ == text_.size()) bad("the file ends inside a value");
        return text_[at_];
    }

    bool take(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }

    void expect(char wanted, const char* message) {
        if (peek() != wanted) bad(message);
        ++at_;
    }

    Json read(int depth) {
        if (depth > kDepthMax) bad("nested too deeply");
        switch (peek()) {
            case '{':
                return read_object(depth);
            case '[':
                return read_array(depth);
            case '"': {
                Json value;
                value.kind_ = Json::Kind::kString;
                value.string_ = read_string();
                return value;
            }
            default:
                return read_scalar();
        }
    }

    Json read_scalar() {
        Json value;
        if (take("null")) return value;
        value.kind_ = Json::Kind::kBool;
        value.flag_ = true;
        if (take("true")) return value;
        value.flag_ = false;
        if (take("false")) return value;
        value.kind_ = Json::Kind::kNumber;
        value.number_ = std::numeric_limits<double>::quiet_NaN();
        if (take("NaN")) return value;
        value.number_ = std::numeric_limits<double>::infinity();
        if (take("Infinity")) return value;
        value.number_ = -value.number_;
        if (take("-Infinity")) return value;
        read_number(value);
        return value;
    }

    void read_number(Json& value) {
        size_t start = at_;
        auto digits = [&] {
            size_t from = at_;
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
            return at_ - from;
        };
        if (at_ < text_.size() && text_[at_] == '-') ++at_;
        size_t first = at_;
        size_t whole = digits();
        if (whole == 0) bad("not a JSON value");
        if (whole > 1 && text_[first] == '0') bad("a number starts with 0");
        bool integer = true;
        if (take(".")) {
            integer = false;
            if (digits() == 0) bad("a number ends in a point");
        }
        if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            integer = false;
            ++at_;
            if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            if (digits() == 0) bad("a number has an empty exponent");
        }
        const char* from = text_.data() + start;
        const char* to = text_.data() + at_;
        if (integer) integer = std::from_chars(from, to, value.integer_).ec == std::errc();
        value.flag_ = integer;
        if (std::from_chars(from, to, value.number_).ec != std::errc()) bad("a number is out of range");
    }

    unsigned read_hex4() {
        if (text_.size() - at_ < 4) bad("an escape is cut");
        unsigned code = 0;
        auto result = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
        if (result.ec != std::errc() || result.ptr != text_.data() + at_ + 4) bad("a bad \\u escape");
        at_ += 4;
        return code;
    }

    static void append_utf8(std::string& out, unsigned code) {
        auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0 | (code >> 6)), put(0x80 | (code & 63));
        } else if (code < 0x10000) {
            put(0xE0 | (code >> 12)), put(0x80 | ((code >> 6) & 63)), put(0x80 | (code & 63));
        } else {
            put(0xF0 | (code >> 18)), put(0x80 | ((code >> 12) & 63)), put(0x80 | ((code >> 6) & 63)),
                put(0x80 | (code & 63));
        }
    }

    void read_escape(std::string& out) {
        if (at_ == text_.size()) bad("an escape is cut");
        char kind = text_[at_++];
        constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
        if (size_t index = kNames.find(kind); index != std::string_view::npos) {
            out.push_back(kValues[index]);
            return;
        }
        if (kind != 'u') bad("an unknown escape");
        unsigned code = read_hex4();
        if (code >= 0xD800 && code < 0xDC00) {
            if (!take("\\u")) bad("half a surrogate pair");
            unsigned low = read_hex4();
            if (low < 0xDC00 || low > 0xDFFF) bad("half a surrogate pair");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else if (code >= 0xDC00 && code <= 0xDFFF) {
            bad("half a surrogate pair");
        }
        append_utf8(out, code);
    }

    std::string read_string() {
        std::string out;
        ++at_;
        while (true) {
            if (at_ == text_.size()) bad("the file ends inside a string");
            char next = text_[at_++];
            if (next == '"') return out;
            if (static_cast<unsigned char>(next) < 0x20) bad("a control character in a string");
            if (next == '\\')
                read_escape(out);
            else
                out.push_back(next);
        }
    }

    Json read_array(int depth) {
        Json value;
        value.kind_ = Json::Kind::kArray;
        ++at_;
        if (peek() == ']') {
            ++at_;
            return value;
        }
        while (true) {
            value.items_.push_back(read(depth + 1));
            if (peek() == ']') break;
            expect(',', "',' or ']' is missing");
        }
        ++at_;
        return value;
    }

    Json read_object(int depth) {
        Json value;
        value.kind_ = Json::Kind::kObject;
        std::unordered_set<std::string> seen;
        ++at_;
        if (peek() == '}') {
            ++at_;
            return value;
        }
        while (true) {
            if (peek() != '"') bad("a member's name is missing");
            std::string key = read_string();
            if (!seen.insert(key).second) bad("a name occurs twice");
            expect(':', "':' is missing");
            Json member = read(depth + 1);
            value.members_.emplace_back(std::move(key), std::move(member));
            if (peek() == '}') break;
            expect(',', "',' or '}' is missing");
        }
        ++at_;
        return value;
    }

    std::string_view text_;
    const std::string& file_;
    size_t at_ = 0;
};

Json Json::parse(std::string_view text, const std::string& file) { return JsonReader(text, file).document(); }

void Json::set(std::string_view key, int64_t value) {
    Json* member = find(key);
    if (member == nullptr) member = &members_.emplace_back(std::string(key), Json()).second;
    *member = Json();
    member->kind_ = Kind::kNumber;
    member->flag_ = true;
    member->integer_ = value;
    member->number_ = static_cast<double>(value);
}

const Json* Json::find(std::string_view key) const {
    for (const Member& member : members_)
        if (member.first == key) return &member.second;
    return nullptr;
}

}  // namespace fastmlx
