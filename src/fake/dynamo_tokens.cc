#include "fake/dynamo_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "codec/utf8.h"

namespace tidemill::fake {
namespace {

using Token = ExpressionToken;
using TokenKind = ExpressionToken::Kind;

bool isSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool continuesWord(char c) {
  return isLetter(c) || isDigit(c) || c == '_';
}

template <class Predicate>
std::size_t lengthWhile(std::string_view text, Predicate predicate) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), predicate) - text.begin());
}

Token nextToken(std::string_view rest) {
  const char first = rest.front();
  if (first == '#' || first == ':') {
    const std::size_t length = 1 + lengthWhile(rest.substr(1), continuesWord);
    if (length == 1) return {TokenKind::kWrong, rest.substr(0, 1)};
    return {first == '#' ? TokenKind::kName : TokenKind::kValue, rest.substr(0, length)};
  }
  if (isLetter(first)) return {TokenKind::kWord, rest.substr(0, lengthWhile(rest, continuesWord))};
  if (isDigit(first)) return {TokenKind::kNumber, rest.substr(0, lengthWhile(rest, isDigit))};
  for (const std::string_view symbol : {"<>", "<=", ">="}) {
    if (rest.starts_with(symbol)) return {TokenKind::kSymbol, rest.substr(0, 2)};
  }
  if (std::string_view("()[],.+-=<>").find(first) != std::string_view::npos) {
    return {TokenKind::kSymbol, rest.substr(0, 1)};
  }
  return {TokenKind::kWrong, rest.substr(0, std::max<std::size_t>(1, codec::utf8SequenceSize(rest)))};
}

}  // namespace

bool ExpressionToken::isKeyword(std::string_view keyword) const {
  return kind == TokenKind::kWord && base::equalsIgnoringCase(text, keyword);
}

std::vector<ExpressionToken> tokensOf(std::string_view expression) {
  std::vector<ExpressionToken> tokens;
  std::string_view rest = expression;
  for (;;) {
    rest.remove_prefix(lengthWhile(rest, isSpace));
    if (rest.empty()) break;
    tokens.push_back(nextToken(rest));
    rest.remove_prefix(tokens.back().text.size());
  }
  tokens.push_back({TokenKind::kEnd, rest});
  return tokens;
}

std::string syntaxError(std::string_view expression, const std::vector<ExpressionToken>& tokens,
                        std::size_t index) {
  const auto startOf = [&](const Token& token) {
    return static_cast<std::size_t>(token.text.data() - expression.data());
  };
  const auto endOf = [&](const Token& token) { return startOf(token) + token.text.size(); };
  const Token& token = tokens[index];
  const Token& previous = tokens[index == 0 ? 0 : index - 1];
  const bool atEnd = token.kind == TokenKind::kEnd;
  const Token& last = atEnd                                       ? previous
                      : tokens[index + 1].kind == TokenKind::kEnd ? token
                                                                  : tokens[index + 1];
  const std::string_view near = expression.substr(startOf(previous), endOf(last) - startOf(previous));
  return fmt::format("Syntax error; token: \"{}\", near: \"{}\"", atEnd ? "<EOF>" : token.text, near);
}

}  // namespace tidemill::fake
