// examples/seed_tour: the chapter on fault tolerance of Spark's Kinesis integration, row by row in C++.
//
//   seed_tour [--plant drop-record] [ROW…]      all rows, or these
//
// Prints `ok ROW` or `failed ROW: why` for each, and at last `N passed, N failed`. Each row runs against a
// service of its own in this process (stage.h); what it shows uses the public headers alone.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "tour.h"

namespace tour {
namespace {

std::vector<Row> allRows() {
  std::vector<Row> rows;
  for (const auto& some : {rangeRows(), checkpointRows(), inputRows(), recoveryRows(), settingRows()}) {
    rows.insert(rows.end(), some.begin(), some.end());
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.number < b.number; });
  return rows;
}

// Why it failed; empty if it did not.
std::string failureOf(const Row& row) {
  try {
    row.run();
    return {};
  } catch (const tidemill::Error& error) {
    return std::string(codeName(error.code())) + ": " + error.message();
  } catch (const std::exception& error) {
    return error.what();
  }
}

int run(const std::set<int>& wanted, bool dropRecord) {
  std::string folder = (std::filesystem::temp_directory_path() / "seed-tour-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder " + folder);
  setUp(folder, dropRecord);
  int passed = 0;
  int failed = 0;
  for (const Row& row : allRows()) {
    if (!wanted.empty() && !wanted.contains(row.number)) continue;
    const std::string failure = failureOf(row);
    if (failure.empty()) {
      std::cout << "ok " << row.number << std::endl;
      ++passed;
    } else {
      std::cout << "failed " << row.number << ": " << row.claim << ": " << failure << std::endl;
      ++failed;
    }
  }
  std::filesystem::current_path("/");
  if (failed > 0) {
    std::cout << "log: " << folder << "/log\n";
  } else {
    std::filesystem::remove_all(folder);
  }
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace

void expectSameLines(std::vector<std::string> found, std::vector<std::string> wanted) {
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  expectEqual(found.size(), wanted.size(), "lines");
  for (std::size_t i = 0; i < found.size(); ++i) expectEqual(found[i], wanted[i], "a line");
}

}  // namespace tour

int main(int argc, char** argv) {
  std::set<int> wanted;
  bool dropRecord = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--plant" && i + 1 < argc && std::string(argv[i + 1]) == "drop-record") {
      dropRecord = true;
      ++i;
    } else if (const int row = std::atoi(argument.c_str()); row > 0) {
      wanted.insert(row);
    } else {
      std::cerr << "usage: seed_tour [--plant drop-record] [ROW…]\n";
      return 2;
    }
  }
  return tour::run(wanted, dropRecord);
}
