#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "stream/conf_table.h"
#include "tidemill/conf.h"

namespace tidemill {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Step {
  std::int64_t size;
  std::string_view name;
};
constexpr std::array kTimes = {Step{86'400'000, "d"}, Step{3'600'000, "h"}, Step{60'000, "min"},
                               Step{1000, "s"}, Step{1, "ms"}};
constexpr std::array kSizes = {Step{std::int64_t{1} << 30, "g"}, Step{1 << 20, "m"}, Step{1 << 10, "k"},
                               Step{1, "b"}};

// In the largest unit of which it is a whole number.
template <std::size_t N>
std::string inUnits(std::int64_t number, const std::array<Step, N>& steps) {
  for (const Step& step : steps) {
    if (number != 0 && number % step.size == 0) return fmt::format("{}{}", number / step.size, step.name);
  }
  return fmt::format("{}{}", number, steps.back().name);
}

std::string_view typeName(stream::ConfType type) {
  switch (type) {
    case stream::ConfType::kDuration:
      return "duration";
    case stream::ConfType::kInteger:
      return "integer";
    case stream::ConfType::kBoolean:
      return "boolean";
    case stream::ConfType::kText:
      return "text";
    case stream::ConfType::kBytes:
      return "bytes";
    case stream::ConfType::kFraction:
      return "fraction";
    case stream::ConfType::kDecimal:
      return "decimal";
  }
  return "";
}

std::string_view unitOf(const stream::ConfEntry& entry) {
  if (entry.type == stream::ConfType::kDuration) return entry.unit;
  if (entry.type == stream::ConfType::kBytes) return entry.unit == "m" ? "MiB" : "bytes";
  return {};
}

std::string between(const std::string& least, const std::string& most) {
  return least + " to " + most;
}

std::string rangeOf(const stream::ConfEntry& entry) {
  switch (entry.type) {
    case stream::ConfType::kDuration:
      return between(inUnits(entry.least, kTimes), inUnits(entry.most, kTimes));
    case stream::ConfType::kBytes:
      return between(inUnits(entry.least, kSizes), inUnits(entry.most, kSizes));
    case stream::ConfType::kInteger:
      if (entry.most < kMost) return between(fmt::to_string(entry.least), fmt::to_string(entry.most));
      return entry.least == -kMost - 1 ? "" : fmt::format("{} or more", entry.least);
    case stream::ConfType::kBoolean:
      return entry.most == 0 ? "false" : "true, false";
    case stream::ConfType::kText: {
      std::string choices;
      for (const std::string_view choice : base::split(entry.unit, '|')) {
        choices += choices.empty() ? "" : ", ";
        choices += choice;
      }
      return choices;
    }
    case stream::ConfType::kFraction:
      return "0 to 1, or 0% to 100%";
    case stream::ConfType::kDecimal: {
      const std::string most = fmt::format("{}", static_cast<double>(entry.most) / 1'000'000);
      return entry.least > 0 ? "above 0, to " + most : between("0", most);
    }
  }
  return {};
}

}  // namespace

std::vector<ConfKey> confKeys() {
  std::vector<ConfKey> keys;
  for (const stream::ConfEntry& entry : stream::confTable()) {
    keys.push_back({entry.key, typeName(entry.type), entry.fallback, entry.meaning, unitOf(entry),
                    rangeOf(entry), entry.use != stream::ConfUse::kNothing});
  }
  return keys;
}

}  // namespace tidemill
