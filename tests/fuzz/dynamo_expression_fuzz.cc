// Feeds arbitrary expressions to the fake DynamoDB: what it accepts it can evaluate, and a refusal has a
// text.
#include "base/check.h"
#include "fake/dynamo_parameters.h"
#include "fake/dynamo_parser.h"

namespace {

using namespace tidemill::fake;

const Item& sample() {
  static const Item kItem = [] {
    const auto input = readJsonInput(
        R"({"a":{"N":"5"},"b":{"S":"text"},"c":{"SS":["x","y"]},"l":{"L":[{"S":"p"},{"M":{"q":{"N":"7"}}}]},)"
        R"("m":{"M":{"k":{"S":"v"}}},"t":{"BOOL":true},"bin":{"B":"AAEC"},"ns":{"NS":["1","2"]}})");
    return readItem(*input).value();
  }();
  return kItem;
}

ExpressionNames names() {
  ExpressionNames names{{{"#a", "a"}, {"#m", "m"}}, {}};
  for (const auto& [name, value] : sample()) names.values.emplace(":" + name, value);
  return names;
}

template <class T>
bool accepted(const Outcome<T>& outcome) {
  if (!outcome) TIDEMILL_CHECK(!outcome.error().message.empty());
  return outcome.has_value();
}

void runUpdate(std::string_view expression) {
  ExpressionNames context = names();
  const auto plan = parseUpdate(expression, context);
  if (!accepted(plan)) return;
  const auto updated = applyUpdate(*plan, sample());
  if (!accepted(updated)) return;
  // An item that an update made can be written, read and sized like any other.
  tidemill::codec::JsonWriter out;
  writeItem(out, *updated);
  const auto input = readJsonInput(out.buffer());
  if (input) TIDEMILL_CHECK(readItem(*input).value() == *updated);
  TIDEMILL_CHECK(sizeBytes(touchedBy(*plan, *updated)) <= sizeBytes(*updated));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  ExpressionNames context = names();
  const auto condition = parseCondition("ConditionExpression", expression, context);
  if (accepted(condition)) {
    const bool held = holds(*condition, sample());
    Condition inverse;
    inverse.kind = Condition::Kind::kNot;
    inverse.parts.push_back(*condition);
    TIDEMILL_CHECK(holds(inverse, sample()) != held);
  }
  const auto projection = parseProjection(expression, context);
  if (accepted(projection)) TIDEMILL_CHECK(sizeBytes(project(*projection, sample())) <= sizeBytes(sample()));
  runUpdate(expression);
  // The same bytes as a request's body, legacy parameters included.
  if (const auto input = readJsonInput(expression)) {
    for (const std::string_view operation : {"UpdateItem", "PutItem", "Query", "Scan", "GetItem"}) {
      const auto parameters = readDynamoParameters(operation, *input);
      if (!accepted(parameters)) continue;
      if (parameters->condition) holds(*parameters->condition, sample());
      if (parameters->keyCondition) accepted(keyRangeOf(*parameters->keyCondition, {"a", "b"}));
      if (parameters->update) accepted(applyUpdate(*parameters->update, sample()));
    }
  }
  return 0;
}
