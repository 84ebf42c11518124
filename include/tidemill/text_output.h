// tidemill/text_output.h: how print() and saveAsTextFiles() write a batch.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>

#include "tidemill/time.h"

namespace tidemill::detail {

template <class T>
void writeLine(std::ostream& out, const T& element) {
  out << element << '\n';
}
template <class K, class V>
void writeLine(std::ostream& out, const std::pair<K, V>& element) {
  out << '(' << element.first << ',' << element.second << ")\n";
}

// Writes the lines of a batch with its heading to standard output, in one piece.
void printBatch(Time time, const std::string& lines);

// The folder of one batch. It takes its name when it is whole, so what has the name is whole.
class TextFolder {
 public:
  // Throws Error(kIo).
  TextFolder(const std::string& prefix, const std::string& suffix, Time time);
  // On any thread; a partition that is written again replaces what it was. Throws Error(kIo).
  void write(std::size_t partition, const std::string& text) const;
  // Throws Error(kIo).
  void finish() const;

 private:
  const std::string path_;
  // Where it grows.
  const std::string aside_;
};

}  // namespace tidemill::detail
