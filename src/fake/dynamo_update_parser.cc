// Reads UpdateExpression and ProjectionExpression.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "fake/dynamo_parser.h"

namespace tidemill::fake {
namespace {

using UpdateKind = UpdateAction::Kind;
using Problem = ExpressionReader::Problem;

struct Section {
  std::string_view keyword;
  UpdateKind kind;
};

constexpr auto kSections = std::to_array<Section>({
    {"SET", UpdateKind::kSet},
    {"REMOVE", UpdateKind::kRemove},
    {"ADD", UpdateKind::kAdd},
    {"DELETE", UpdateKind::kDelete},
});

// What AWS calls the types that ADD and DELETE refuse; sets have no name here.
std::string_view longTypeName(ValueType type) {
  constexpr std::array<std::string_view, 10> kNames = {"STRING", "NUMBER", "BINARY", "BOOLEAN", "NULL",
                                                       "MAP",    "LIST",   "",       "",        ""};
  return kNames[static_cast<std::size_t>(type)];
}

class UpdateParser {
 public:
  explicit UpdateParser(ExpressionReader& reader) : reader_(reader) {}

  UpdatePlan parse();

 private:
  UpdateAction parseAction(const Section& section);
  UpdateValue parseSum();
  UpdateValue parseOperand();
  UpdateValue parseFunction();
  void checkOperands(std::string_view name, const UpdateValue& value, ValueType wanted);
  void checkActionValue(const Section& section, ValueType type);

  ExpressionReader& reader_;
  std::bitset<kSections.size()> seen_;
};

UpdatePlan UpdateParser::parse() {
  UpdatePlan plan;
  std::vector<DocumentPath> paths;
  do {
    const auto section = std::find_if(kSections.begin(), kSections.end(), [&](const Section& each) {
      return reader_.token().isKeyword(each.keyword);
    });
    if (section == kSections.end()) {
      reader_.failSyntax();
      break;
    }
    const auto index = static_cast<std::size_t>(section - kSections.begin());
    if (seen_.test(index)) {
      reader_.report(
          Problem::kSection,
          fmt::format("The \"{}\" section can only be used once in an update expression;", section->keyword));
    }
    seen_.set(index);
    reader_.advance();
    do {
      plan.actions.push_back(parseAction(*section));
      paths.push_back(plan.actions.back().path);
    } while (reader_.skipSymbol(","));
  } while (!reader_.failed() && reader_.token().kind != ExpressionToken::Kind::kEnd);
  if (reader_.failed()) return plan;
  PathClash clash = pathClash(paths);
  if (!clash.overlap.empty()) reader_.report(Problem::kOverlap, std::move(clash.overlap));
  if (!clash.conflict.empty()) reader_.report(Problem::kConflict, std::move(clash.conflict));
  return plan;
}

UpdateAction UpdateParser::parseAction(const Section& section) {
  UpdateAction action;
  action.kind = section.kind;
  if (reader_.failed()) return action;
  action.path = reader_.path();
  if (section.kind == UpdateKind::kSet) {
    reader_.expectSymbol("=");
    action.value = parseSum();
  } else if (section.kind != UpdateKind::kRemove && !reader_.failed()) {
    action.value.operand.kind = Operand::Kind::kValue;
    action.value.operand.value = reader_.value();
    checkActionValue(section, action.value.operand.value.type);
  }
  return action;
}

UpdateValue UpdateParser::parseSum() {
  UpdateValue first = parseOperand();
  const bool plus = reader_.token().isSymbol("+");
  if (reader_.failed() || (!plus && !reader_.token().isSymbol("-"))) return first;
  const std::string_view name = reader_.token().text;
  reader_.advance();
  reader_.countOperator();
  UpdateValue sum;
  sum.kind = plus ? UpdateValue::Kind::kPlus : UpdateValue::Kind::kMinus;
  sum.parts.push_back(std::move(first));
  sum.parts.push_back(parseOperand());
  checkOperands(name, sum, ValueType::kNumber);
  return sum;
}

UpdateValue UpdateParser::parseOperand() {
  UpdateValue value;
  if (reader_.failed()) return value;
  if (reader_.token().isSymbol("(")) {
    if (!reader_.enter()) return value;
    reader_.advance();
    value = parseSum();
    reader_.expectSymbol(")");
    reader_.leave();
  } else if (reader_.atFunction()) {
    value = parseFunction();
  } else if (reader_.atPath()) {
    value.operand.path = reader_.path();
  } else {
    value.operand.kind = Operand::Kind::kValue;
    value.operand.value = reader_.value();
  }
  return value;
}

UpdateValue UpdateParser::parseFunction() {
  UpdateValue value;
  const std::string_view name = reader_.token().text;
  const bool ifNotExists = name == "if_not_exists";
  const bool known = ifNotExists || name == "list_append";
  if (!known) {
    reader_.report(Problem::kUnknownUpdateFunction, fmt::format("Invalid function name; function: {}", name));
  }
  if (!reader_.enter()) return value;
  reader_.countOperator();
  reader_.advance();
  reader_.expectSymbol("(");
  do {
    value.parts.push_back(parseOperand());
  } while (reader_.skipSymbol(","));
  reader_.expectSymbol(")");
  reader_.leave();
  if (reader_.failed() || !known) return {};
  if (value.parts.size() != 2) {
    reader_.report(
        Problem::kOperandType,
        fmt::format("Incorrect number of operands for operator or function; operator or function: {}, "
                    "number of operands: {}",
                    name, value.parts.size()));
    return {};
  }
  if (!ifNotExists) {
    value.kind = UpdateValue::Kind::kListAppend;
    checkOperands(name, value, ValueType::kList);
    return value;
  }
  value.kind = UpdateValue::Kind::kIfNotExists;
  UpdateValue& path = value.parts.front();
  if (path.kind != UpdateValue::Kind::kOperand || path.operand.kind != Operand::Kind::kPath) {
    reader_.report(
        Problem::kOperandType,
        fmt::format("Operator or function requires a document path; operator or function: {}", name));
  }
  value.operand = std::move(path.operand);
  value.parts.erase(value.parts.begin());
  return value;
}

void UpdateParser::checkOperands(std::string_view name, const UpdateValue& value, ValueType wanted) {
  for (const auto& part : value.parts) {
    const bool constant =
        part.kind == UpdateValue::Kind::kOperand && part.operand.kind == Operand::Kind::kValue;
    if (!constant || part.operand.value.type == wanted) continue;
    reader_.report(
        Problem::kOperandType,
        fmt::format("Incorrect operand type for operator or function; operator or function: {}, operand "
                    "type: {}",
                    name, typeName(part.operand.value.type)));
  }
}

void UpdateParser::checkActionValue(const Section& section, ValueType type) {
  if (reader_.failed() || longTypeName(type).empty()) return;
  if (section.kind == UpdateKind::kAdd && type == ValueType::kNumber) return;
  reader_.report(
      Problem::kActionOperand,
      fmt::format("Incorrect operand type for operator or function; operator: {}, operand type: {}",
                  section.keyword, longTypeName(type)));
}

}  // namespace

Outcome<UpdatePlan> parseUpdate(std::string_view expression, ExpressionNames& names) {
  const auto size = checkExpressionSize("UpdateExpression", expression);
  if (!size) return refuse(size.error());
  ExpressionReader reader("UpdateExpression", expression, names);
  UpdatePlan plan = UpdateParser(reader).parse();
  const auto finished = reader.finish();
  if (!finished) return refuse(finished.error());
  return plan;
}

Outcome<Projection> parseProjection(std::string_view expression, ExpressionNames& names) {
  constexpr std::string_view kParameter = "ProjectionExpression";
  const auto size = checkExpressionSize(kParameter, expression);
  if (!size) return refuse(size.error());
  ExpressionReader reader(kParameter, expression, names);
  Projection projection;
  do {
    projection.paths.push_back(reader.path());
  } while (reader.skipSymbol(","));
  if (!reader.failed()) {
    PathClash clash = pathClash(projection.paths);
    if (!clash.overlap.empty()) reader.report(Problem::kOverlap, std::move(clash.overlap));
    if (!clash.conflict.empty()) reader.report(Problem::kConflict, std::move(clash.conflict));
  }
  const auto finished = reader.finish();
  if (!finished) return refuse(finished.error());
  return projection;
}

}  // namespace tidemill::fake
