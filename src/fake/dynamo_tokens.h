// fake/dynamo_tokens.h: the words of an expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemill::fake {

// A piece of the expression's text, which must outlive it.
struct ExpressionToken {
  enum class Kind {
    // A name, a keyword or a function.
    kWord,
    // #name
    kName,
    // :value
    kValue,
    // Digits, as in an index.
    kNumber,
    // One of ( ) [ ] , . + - = <> < <= > >=
    kSymbol,
    // What no token can begin with: one character.
    kWrong,
    kEnd,
  };

  Kind kind = Kind::kEnd;
  std::string_view text;

  bool isSymbol(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  // `keyword` is in upper case; the text may be in any.
  bool isKeyword(std::string_view keyword) const;
};

// All tokens, with one kEnd behind the last. Never fails: kWrong is for the parser to find.
std::vector<ExpressionToken> tokensOf(std::string_view expression);

// What AWS says about the token that does not fit: "Syntax error; token: "x", near: "a x b"", with the tokens
// on both sides as they were written.
std::string syntaxError(std::string_view expression, const std::vector<ExpressionToken>& tokens,
                        std::size_t index);

}  // namespace tidemill::fake
