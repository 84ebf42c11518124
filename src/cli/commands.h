// cli/commands.h: the commands of the program. Each adds itself to the command line and returns its exit
// code.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tidemill::cli {

// Set by the command that the user named; run after the command line has been read.
using Chosen = std::function<int()>;

void addVersionCommand(CLI::App& app, Chosen& chosen);
void addFakeCommand(CLI::App& app, Chosen& chosen);
void addPutCommand(CLI::App& app, Chosen& chosen);
void addCountCommand(CLI::App& app, Chosen& chosen);
void addSimCommand(CLI::App& app, Chosen& chosen);
void addDemoCommand(CLI::App& app, Chosen& chosen);

}  // namespace tidemill::cli
