// fake/input_model.h: what an operation accepts, and the service's complaints about anything else.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "fake/input_value.h"
#include "fake/service_error.h"

namespace tidemill::fake {

// A constraint on texts: the expression for the complaint, and a function that decides.
struct TextPattern {
  std::string_view expression;
  bool (*matches)(std::string_view);
};

struct MemberRule {
  // kMap has the members that `children` name; kTree any members, kTextMap any members that are texts.
  enum class Type { kText, kInteger, kBoolean, kBlob, kTime, kList, kMap, kTree, kTextMap };

  std::string_view name;
  Type type = Type::kText;
  bool required = false;
  // Length of texts, blobs, lists and trees; value of integers.
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;
  const TextPattern* pattern = nullptr;
  // Allowed texts; empty: any.
  std::vector<std::string_view> values{};
  // Members of a map, or of each map in a list. A list without children holds texts.
  std::vector<MemberRule> children{};
};

using InputModel = std::vector<MemberRule>;

// Whose texts a complaint about a JSON type has.
enum class Wording { kKinesis, kDynamo };

// Checks all types, in the order of the model, and turns the tree into its final form: blobs are decoded,
// times become kTime, members that the model does not know are dropped. Fails with SerializationException.
Outcome<void> checkTypes(InputValue& input, const InputModel& model, Wording wording = Wording::kKinesis);

// Collects up to ten violated constraints into one ValidationException.
Outcome<void> checkConstraints(const InputValue& input, const InputModel& model);

}  // namespace tidemill::fake
