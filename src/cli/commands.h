// cli/commands.h: the commands of the program. Each adds itself to the command line and returns its exit
// code.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace tidemill::cli {

// Set by the command that the user named; run after the command line has been read.
using Chosen = std::function<int()>;

void addVersionCommand(CLI::App& app, Chosen& chosen);
void addFakeCommand(CLI::App& app, Chosen& chosen);
void addPutCommand(CLI::App& app, Chosen& chosen);
void addConfCommand(CLI::App& app, Chosen& chosen);
void addCountCommand(CLI::App& app, Chosen& chosen);
// `program` is how this program was called: what it prints to be repeated can be pasted.
void addSimCommand(CLI::App& app, Chosen& chosen, const std::string& program);
void addLeasesCommand(CLI::App& app, Chosen& chosen);
void addFsckCommand(CLI::App& app, Chosen& chosen);
void addRecoverCommand(CLI::App& app, Chosen& chosen);
void addDemoCommand(CLI::App& app, Chosen& chosen);
void addKill9Command(CLI::App& app, Chosen& chosen);

}  // namespace tidemill::cli
