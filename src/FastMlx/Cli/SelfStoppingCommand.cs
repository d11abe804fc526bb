using System.CommandLine;

namespace FastMlx.Cli;

/// <summary>A verb that answers SIGINT and SIGTERM by itself; of others the parser cancels the token.</summary>
internal sealed class SelfStoppingCommand(string name, string description) : Command(name, description);
