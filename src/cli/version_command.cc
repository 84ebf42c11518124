#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output.h"

namespace tidemill::cli {

void addVersionCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("version", "Prints the version");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object");
  command->callback([&chosen, json] {
    chosen = [json] {
      Output(*json).report({{"version", TIDEMILL_VERSION}, {"compiler", TIDEMILL_COMPILER}});
      return 0;
    };
  });
}

}  // namespace tidemill::cli
