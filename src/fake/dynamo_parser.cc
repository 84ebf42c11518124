#include "fake/dynamo_parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "fake/dynamo_reserved_words.h"

namespace tidemill::fake {
namespace {

using TokenKind = ExpressionToken::Kind;

constexpr std::size_t kExpressionBytesMax = 4096;
constexpr int kOperatorsMax = 300;
// Deeper nesting than operators allow is redundant parentheses only.
constexpr int kDepthMax = kOperatorsMax;
constexpr std::size_t kPathStepsMax = 32;

bool isBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f") == std::string_view::npos;
}

}  // namespace

std::string pathText(const DocumentPath& path) {
  std::vector<std::string> steps;
  for (const auto& step : path) {
    const auto* name = std::get_if<std::string>(&step);
    steps.push_back(name != nullptr ? *name : fmt::format("[{}]", std::get<std::uint32_t>(step)));
  }
  return fmt::format("[{}]", fmt::join(steps, ", "));
}

PathClash pathClash(const std::vector<DocumentPath>& paths) {
  PathClash clash;
  for (std::size_t later = 1; later < paths.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const DocumentPath& one = paths[earlier];
      const DocumentPath& two = paths[later];
      std::size_t same = 0;
      while (same < one.size() && same < two.size() && one[same] == two[same]) ++same;
      const bool overlap = same == one.size() || same == two.size();
      // One takes the same place for a map, the other for a list.
      const bool conflict = !overlap && one[same].index() != two[same].index();
      std::string& found = overlap ? clash.overlap : clash.conflict;
      if ((!overlap && !conflict) || !found.empty()) continue;
      found = fmt::format(
          "Two document paths {} with each other; must remove or rewrite one of these paths; path one: {}, "
          "path "
          "two: {}",
          overlap ? "overlap" : "conflict", pathText(one), pathText(two));
    }
  }
  return clash;
}

Outcome<void> checkExpressionSize(std::string_view parameter, std::string_view expression) {
  if (isBlank(expression)) {
    return invalidRequest(fmt::format("Invalid {}: The expression can not be empty;", parameter));
  }
  if (expression.size() <= kExpressionBytesMax) return {};
  return invalidRequest(
      fmt::format("Invalid {}: Expression size has exceeded the maximum allowed size;{}", parameter,
                  // Recorded so: only updates leave the size out.
                  parameter == "UpdateExpression" ? std::string()
                                                  : fmt::format(" expression size: {}", expression.size())));
}

ExpressionReader::ExpressionReader(std::string_view parameter, std::string_view expression,
                                   ExpressionNames& names)
    : parameter_(parameter), expression_(expression), names_(names), tokens_(tokensOf(expression)) {}

const ExpressionToken& ExpressionReader::token(std::size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

bool ExpressionReader::skipSymbol(std::string_view symbol) {
  if (failed_ || !token().isSymbol(symbol)) return false;
  advance();
  return true;
}

bool ExpressionReader::skipKeyword(std::string_view keyword) {
  if (failed_ || !token().isKeyword(keyword)) return false;
  advance();
  return true;
}

void ExpressionReader::failSyntax() {
  if (failed_) return;
  failed_ = true;
  syntax_ = syntaxError(expression_, tokens_, std::min(next_, tokens_.size() - 1));
}

bool ExpressionReader::expectSymbol(std::string_view symbol) {
  if (skipSymbol(symbol)) return true;
  failSyntax();
  return false;
}

void ExpressionReader::report(Problem problem, std::string message) {
  const int kind = static_cast<int>(problem);
  const bool ofCondition = problem >= Problem::kUndefinedName;
  const int first = ofCondition ? static_cast<int>(Problem::kUndefinedName) : kind;
  problems_.try_emplace({first, ofCondition ? condition_ : 0, kind}, std::move(message));
}

void ExpressionReader::countOperator() {
  if (++operators_ == kOperatorsMax + 1) {
    report(Problem::kOperators,
           fmt::format("The expression contains too many operators; operator count: {}", operators_));
  }
}

bool ExpressionReader::enter() {
  if (++depth_ <= kDepthMax) return true;
  report(Problem::kParentheses, "The expression has redundant parentheses;");
  failed_ = true;
  return false;
}

bool ExpressionReader::atPath() const {
  return token().kind == TokenKind::kName || token().kind == TokenKind::kWord;
}

bool ExpressionReader::atFunction() const {
  return token().kind == TokenKind::kWord && token(1).isSymbol("(");
}

void ExpressionReader::pathName(DocumentPath& path) {
  const Token& name = token();
  if (name.kind == TokenKind::kWord) {
    if (isReservedWord(name.text)) {
      report(Problem::kReserved,
             fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", name.text));
    }
    path.emplace_back(std::string(name.text));
  } else if (name.kind == TokenKind::kName) {
    const auto found = names_.names.find(name.text);
    if (found == names_.names.end()) {
      report(Problem::kUndefinedName,
             fmt::format(
                 "An expression attribute name used in the document path is not defined; attribute name: {}",
                 name.text));
      path.emplace_back(std::string(name.text));
    } else {
      names_.usedNames.insert(found->first);
      path.emplace_back(found->second);
    }
  } else {
    return failSyntax();
  }
  advance();
}

void ExpressionReader::pathIndex(DocumentPath& path) {
  const Token& digits = token();
  if (digits.kind != TokenKind::kNumber) return failSyntax();
  std::uint32_t index = 0;
  const auto* end = digits.text.data() + digits.text.size();
  if (std::from_chars(digits.text.data(), end, index).ec != std::errc()) {
    report(Problem::kOperandCount,
           fmt::format("List index is not within the allowable range; index: [{}]", digits.text));
  }
  path.emplace_back(index);
  advance();
  expectSymbol("]");
}

DocumentPath ExpressionReader::path() {
  DocumentPath path;
  pathName(path);
  while (!failed_) {
    if (skipSymbol(".")) {
      pathName(path);
    } else if (skipSymbol("[")) {
      pathIndex(path);
    } else {
      break;
    }
  }
  if (path.size() > kPathStepsMax) {
    report(Problem::kOperandCount,
           fmt::format("The document path has too many nesting elements; nesting levels: {}", path.size()));
  }
  return path;
}

AttributeValue ExpressionReader::value() {
  const Token& name = token();
  if (name.kind != TokenKind::kValue) {
    failSyntax();
    return {};
  }
  advance();
  const auto found = names_.values.find(name.text);
  if (found == names_.values.end()) {
    report(Problem::kUndefinedValue,
           fmt::format("An expression attribute value used in expression is not defined; attribute value: {}",
                       name.text));
    return {};
  }
  names_.usedValues.insert(found->first);
  return found->second;
}

Outcome<void> ExpressionReader::finish() {
  if (token().kind != TokenKind::kEnd) failSyntax();
  if (!syntax_.empty()) return invalidRequest(fmt::format("Invalid {}: {}", parameter_, syntax_));
  if (problems_.empty()) return {};
  return invalidRequest(fmt::format("Invalid {}: {}", parameter_, problems_.begin()->second));
}

}  // namespace tidemill::fake
