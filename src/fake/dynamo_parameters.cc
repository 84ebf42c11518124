#include "fake/dynamo_parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "fake/dynamo_key_condition.h"
#include "fake/dynamo_legacy.h"
#include "fake/dynamo_parser.h"

namespace tidemill::fake {
namespace {

using InputKind = InputValue::Kind;
using Names = std::vector<std::string_view>;

// What each operation takes, in the order in which AWS prints it.
struct OperationParameters {
  std::string_view operation;
  Names expressions;
  Names legacy;
};

const OperationParameters& parametersOf(std::string_view operation) {
  static const std::vector<OperationParameters> kAll = {
      {"PutItem", {"ConditionExpression"}, {"Expected", "ConditionalOperator"}},
      {"DeleteItem", {"ConditionExpression"}, {"Expected", "ConditionalOperator"}},
      {"UpdateItem",
       {"UpdateExpression", "ConditionExpression"},
       {"AttributeUpdates", "Expected", "ConditionalOperator"}},
      {"GetItem", {"ProjectionExpression"}, {"AttributesToGet"}},
      {"BatchGetItem", {"ProjectionExpression"}, {"AttributesToGet"}},
      {"Scan",
       {"ProjectionExpression", "FilterExpression"},
       {"AttributesToGet", "ScanFilter", "ConditionalOperator"}},
      {"Query",
       {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
       {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"}},
  };
  static const OperationParameters kNone;
  const auto found = std::find_if(kAll.begin(), kAll.end(), [&](const OperationParameters& candidate) {
    return candidate.operation == operation;
  });
  return found == kAll.end() ? kNone : *found;
}

tl::unexpected<ServiceError> notText() {
  return refuse(ServiceError{"SerializationException", "Unexpected value type in payload", 400, true});
}

// Reads one request; lives as long as readDynamoParameters().
class ParameterReader {
 public:
  ParameterReader(std::string_view operation, const InputValue& input)
      : takes_(parametersOf(operation)), input_(input) {}

  Outcome<DynamoParameters> read();

 private:
  const InputValue* legacy(std::string_view name) const;
  const InputValue* expression(std::string_view name) const;
  Names given(const Names& names) const;
  Outcome<void> checkForms() const;
  Outcome<void> readLegacy();
  Outcome<bool> readConditionalOperator() const;
  Outcome<void> readNames();
  Outcome<void> readExpressions();
  Outcome<void> checkUsage() const;

  const OperationParameters& takes_;
  const InputValue& input_;
  ExpressionNames names_;
  DynamoParameters out_;
};

Outcome<DynamoParameters> ParameterReader::read() {
  auto done = checkForms();
  if (done) done = readLegacy();
  if (done) done = readNames();
  if (done) done = readExpressions();
  if (done) done = checkUsage();
  if (!done) return refuse(done.error());
  return std::move(out_);
}

const InputValue* ParameterReader::legacy(std::string_view name) const {
  const bool taken = std::find(takes_.legacy.begin(), takes_.legacy.end(), name) != takes_.legacy.end();
  return taken ? input_.find(name) : nullptr;
}

const InputValue* ParameterReader::expression(std::string_view name) const {
  const auto& names = takes_.expressions;
  return std::find(names.begin(), names.end(), name) == names.end() ? nullptr : input_.find(name);
}

Names ParameterReader::given(const Names& names) const {
  Names present;
  std::copy_if(names.begin(), names.end(), std::back_inserter(present),
               [&](std::string_view name) { return input_.has(name); });
  return present;
}

Outcome<void> ParameterReader::checkForms() const {
  const Names expressions = given(takes_.expressions);
  Names others = given(takes_.legacy);
  // KeyConditions go together with the expressions of a filter and a projection.
  if (!input_.has("KeyConditionExpression")) std::erase(others, "KeyConditions");
  if (!expressions.empty() && !others.empty()) {
    return invalidRequest(fmt::format(
        "Can not use both expression and non-expression parameters in the same request: Non-expression "
        "parameters: {{{}}} Expression parameters: {{{}}}",
        fmt::join(others, ", "), fmt::join(expressions, ", ")));
  }
  if (input_.has("ExpressionAttributeNames") && expressions.empty() && !takes_.expressions.empty()) {
    return invalidRequest("ExpressionAttributeNames can only be specified when using expressions");
  }
  Names withValues = takes_.expressions;
  std::erase(withValues, "ProjectionExpression");
  if (input_.has("ExpressionAttributeValues") && !withValues.empty() && given(withValues).empty()) {
    return invalidRequest(
        fmt::format("ExpressionAttributeValues can only be specified when using expressions: {} {} null",
                    fmt::join(withValues, " and "), withValues.size() > 1 ? "are" : "is"));
  }
  return {};
}

// True for OR.
Outcome<bool> ParameterReader::readConditionalOperator() const {
  const InputValue* input = legacy("ConditionalOperator");
  if (input == nullptr) return false;
  if (input->text != "AND" && input->text != "OR") {
    return invalidRequest(fmt::format(
        "1 validation error detected: Value '{}' at 'conditionalOperator' failed to satisfy constraint: "
        "Member must satisfy enum value set: [OR, AND]",
        input->text));
  }
  std::size_t conditions = 0;
  for (const std::string_view name : {"Expected", "ScanFilter", "QueryFilter"}) {
    const InputValue* filter = legacy(name);
    if (filter != nullptr) conditions = std::max(conditions, filter->members.size());
  }
  if (conditions == 0) return invalidRequest("ConditionalOperator cannot be used without Filter or Expected");
  if (conditions == 1) {
    return invalidRequest(
        "ConditionalOperator can only be used when Filter or Expected has two or more elements");
  }
  return input->text == "OR";
}

Outcome<void> ParameterReader::readLegacy() {
  if (const InputValue* input = legacy("AttributeUpdates")) {
    auto update = updateFromAttributes(*input);
    if (!update) return refuse(update.error());
    out_.update = std::move(*update);
  }
  if (const InputValue* input = legacy("AttributesToGet")) {
    auto projection = projectionFromNames(*input);
    if (!projection) return refuse(projection.error());
    out_.projection = std::move(*projection);
  }
  const auto any = readConditionalOperator();
  if (!any) return refuse(any.error());
  if (const InputValue* input = legacy("Expected")) {
    auto condition = conditionFromExpected(*input, *any);
    if (!condition) return refuse(condition.error());
    out_.condition = std::move(*condition);
  }
  for (const std::string_view name : {"ScanFilter", "QueryFilter"}) {
    const InputValue* input = legacy(name);
    if (input == nullptr) continue;
    auto filter = conditionFromFilter(name == "ScanFilter" ? "scanFilter" : "queryFilter", *input, *any);
    if (!filter) return refuse(filter.error());
    out_.filter = std::move(*filter);
  }
  if (const InputValue* input = legacy("KeyConditions")) {
    auto condition = conditionFromFilter("keyConditions", *input, false);
    if (!condition) return refuse(condition.error());
    if (condition->parts.empty() || condition->parts.size() > 2) {
      return invalidRequest("Conditions can be of length 1 or 2 only");
    }
    out_.keyCondition = std::move(*condition);
  }
  return {};
}

Outcome<void> checkKeys(const InputValue& input, std::string_view parameter, char first) {
  if (input.kind != InputKind::kMap) return notText();
  if (input.members.empty()) return invalidRequest(fmt::format("{} must not be empty", parameter));
  for (const auto& member : input.members) {
    const auto tokens = tokensOf(member.name);
    const bool valid = tokens.size() == 2 && member.name.front() == first &&
                       tokens.front().text.size() == member.name.size() &&
                       tokens.front().kind != ExpressionToken::Kind::kWrong;
    if (!valid) {
      return invalidRequest(
          fmt::format("{} contains invalid key: Syntax error; key: \"{}\"", parameter, member.name));
    }
  }
  return {};
}

Outcome<void> ParameterReader::readNames() {
  if (takes_.expressions.empty()) return {};
  if (const InputValue* input = input_.find("ExpressionAttributeNames")) {
    auto checked = checkKeys(*input, "ExpressionAttributeNames", '#');
    if (!checked) return checked;
    for (const auto& [name, value] : input->members) {
      if (value.kind != InputKind::kText) return notText();
      if (value.text.empty()) {
        return invalidRequest(fmt::format(
            "ExpressionAttributeNames contains invalid value: Empty attribute name for key {}", name));
      }
      names_.names.insert_or_assign(name, value.text);
    }
  }
  const InputValue* input = input_.find("ExpressionAttributeValues");
  // Reads take no values, and members that an operation does not know are ignored.
  if (input == nullptr || takes_.expressions == Names{"ProjectionExpression"}) return {};
  auto checked = checkKeys(*input, "ExpressionAttributeValues", ':');
  if (!checked) return checked;
  for (const auto& [name, given] : input->members) {
    auto value = readValue(given);
    if (!value) {
      ServiceError error = value.error();
      if (error.type == "ValidationException") {
        error.message = fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}",
                                    error.message, name);
      }
      return refuse(std::move(error));
    }
    names_.values.insert_or_assign(name, std::move(*value));
  }
  return {};
}

Outcome<void> ParameterReader::readExpressions() {
  for (const auto& name : given(takes_.expressions)) {
    if (expression(name)->kind != InputKind::kText) return notText();
  }
  const auto readCondition = [&](std::string_view name, std::optional<Condition>& to) -> Outcome<void> {
    const InputValue* input = expression(name);
    if (input == nullptr) return {};
    auto condition = parseCondition(name, input->text, names_);
    if (!condition) return refuse(condition.error());
    to = std::move(*condition);
    return {};
  };
  if (const InputValue* input = expression("UpdateExpression")) {
    auto update = parseUpdate(input->text, names_);
    if (!update) return refuse(update.error());
    out_.update = std::move(*update);
  }
  auto done = readCondition("ConditionExpression", out_.condition);
  if (!done) return done;
  done = readCondition("KeyConditionExpression", out_.keyCondition);
  if (!done) return done;
  done = readCondition("FilterExpression", out_.filter);
  if (!done) return done;
  if (const InputValue* input = expression("ProjectionExpression")) {
    auto projection = parseProjection(input->text, names_);
    if (!projection) return refuse(projection.error());
    out_.projection = std::move(*projection);
  }
  return {};
}

template <class Map>
Outcome<void> checkAllUsed(std::string_view parameter, const Map& given,
                           const std::set<std::string_view>& used) {
  Names unused;
  for (const auto& entry : given) {
    if (!used.contains(entry.first)) unused.push_back(entry.first);
  }
  if (unused.empty()) return {};
  return invalidRequest(fmt::format("Value provided in {} unused in expressions: keys: {{{}}}", parameter,
                                    fmt::join(unused, ", ")));
}

Outcome<void> ParameterReader::checkUsage() const {
  auto used = checkAllUsed("ExpressionAttributeNames", names_.names, names_.usedNames);
  if (!used) return used;
  return checkAllUsed("ExpressionAttributeValues", names_.values, names_.usedValues);
}

}  // namespace

ServiceError countedError(std::string_view operation, ServiceError error) {
  constexpr std::string_view kCount = "1 validation error detected: ";
  // Where the count was recorded in 2026, and before which texts.
  constexpr auto kCounting =
      std::to_array<std::string_view>({"PutItem", "UpdateItem", "DeleteItem", "Query"});
  constexpr auto kCountedTexts = std::to_array<std::string_view>({
      " unused in expressions: ",
      "may not be empty",
      "should not be empty",
      "The expression can not be empty",
      "exceeded the maximum allowed size;",
      "document paths overlap",
      "section can only be used once",
  });
  const bool counts = std::find(kCounting.begin(), kCounting.end(), operation) != kCounting.end() &&
                      error.type == "ValidationException" && !error.message.starts_with(kCount) &&
                      std::any_of(kCountedTexts.begin(), kCountedTexts.end(), [&](std::string_view text) {
                        return error.message.find(text) != std::string::npos;
                      });
  if (counts) error.message.insert(0, kCount);
  return error;
}

Outcome<DynamoParameters> readDynamoParameters(std::string_view operation, const InputValue& input) {
  auto parameters = ParameterReader(operation, input).read();
  if (!parameters) return refuse(countedError(operation, parameters.error()));
  if (parameters->keyCondition && input.has("KeyConditionExpression")) {
    auto keyCondition = keyConditionFrom(std::move(*parameters->keyCondition));
    if (!keyCondition) return refuse(keyCondition.error());
    parameters->keyCondition = std::move(*keyCondition);
  }
  return parameters;
}

}  // namespace tidemill::fake
