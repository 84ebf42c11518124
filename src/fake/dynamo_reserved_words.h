// fake/dynamo_reserved_words.h: the names that an expression may not spell out.
#pragma once

#include <string_view>

namespace tidemill::fake {

// True for a word that AWS's developer guide lists as reserved, in whatever case.
bool isReservedWord(std::string_view word);

}  // namespace tidemill::fake
