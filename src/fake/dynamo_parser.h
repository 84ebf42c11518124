// fake/dynamo_parser.h: reads expressions; what the readers of conditions, updates and projections share.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fake/dynamo_expression.h"
#include "fake/dynamo_tokens.h"

namespace tidemill::fake {

// ExpressionAttributeNames and -Values of one request, and which of them its expressions used.
struct ExpressionNames {
  std::map<std::string, std::string, std::less<>> names;
  std::map<std::string, AttributeValue, std::less<>> values;
  std::set<std::string_view> usedNames{};
  std::set<std::string_view> usedValues{};
};

// Each refuses with the whole message, which begins "Invalid " and `parameter` ("FilterExpression").
Outcome<Condition> parseCondition(std::string_view parameter, std::string_view expression,
                                  ExpressionNames& names);
Outcome<UpdatePlan> parseUpdate(std::string_view expression, ExpressionNames& names);
Outcome<Projection> parseProjection(std::string_view expression, ExpressionNames& names);

// As AWS prints paths: [a, b, [3]].
std::string pathText(const DocumentPath& path);

// Of the first of `paths` that overlaps or conflicts with a later one; empty if none does.
struct PathClash {
  std::string overlap;
  std::string conflict;
};
PathClash pathClash(const std::vector<DocumentPath>& paths);

// A position in the tokens of one expression, with what has been found wrong so far. A syntax error ends the
// reading at once. Of all other errors AWS reports one, by kind before place, so that they are collected.
class ExpressionReader {
 public:
  using Token = ExpressionToken;

  // The order of the kinds in a condition and, apart from it, in an update or projection.
  enum class Problem {
    kOperators,
    kParentheses,
    kUnknownFunction,
    kMisusedFunction,
    kReserved,
    // Of updates, where a reserved word comes first.
    kUnknownUpdateFunction,
    kSection,
    // Of conditions: the first condition that has one of these decides, see nextCondition().
    kUndefinedName,
    kUndefinedValue,
    kOverlap,
    kConflict,
    // Of ADD and DELETE.
    kActionOperand,
    kOperandCount,
    kNotDistinct,
    kOperandType,
  };

  // All must outlive this object.
  ExpressionReader(std::string_view parameter, std::string_view expression, ExpressionNames& names);

  const Token& token(std::size_t ahead = 0) const;
  void advance() { ++next_; }
  bool skipSymbol(std::string_view symbol);
  bool skipKeyword(std::string_view keyword);

  // True once reading makes no more sense; everything then returns at once.
  bool failed() const { return failed_; }
  // The current token does not fit.
  void failSyntax();
  bool expectSymbol(std::string_view symbol);

  void report(Problem problem, std::string message);
  // Problems reported from here on belong to a later condition than those before.
  void nextCondition() { ++condition_; }
  // One more operator or function; AWS takes at most 300.
  void countOperator();
  // One more level of parentheses or function calls; false, with a problem reported, beyond what AWS takes.
  bool enter();
  void leave() { --depth_; }

  // True where a document path begins.
  bool atPath() const;
  DocumentPath path();
  AttributeValue value();
  // True for word followed by an opening parenthesis.
  bool atFunction() const;

  // After the last token: refuses with what was found, if anything was.
  Outcome<void> finish();

 private:
  void pathName(DocumentPath& path);
  void pathIndex(DocumentPath& path);

  const std::string_view parameter_;
  const std::string_view expression_;
  ExpressionNames& names_;
  const std::vector<Token> tokens_;
  std::size_t next_ = 0;
  bool failed_ = false;
  std::string syntax_;
  int operators_ = 0;
  int depth_ = 0;
  int condition_ = 0;
  // The first by (kind or condition, kind).
  std::map<std::tuple<int, int, int>, std::string> problems_;
};

// Refused before an expression is read: empty, or longer than 4096 bytes.
Outcome<void> checkExpressionSize(std::string_view parameter, std::string_view expression);

}  // namespace tidemill::fake
