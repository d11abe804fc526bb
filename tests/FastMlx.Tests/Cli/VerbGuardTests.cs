using System.Net.Sockets;
using FastMlx.Cli;
using FastMlx.Configuration;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class VerbGuardTests
{
    [Fact]
    public void ExitCodes_AreThoseOfTheTable()
    {
        Assert.Equal(2, VerbGuard.CodeOf(new OptionsException("")));
        Assert.Equal(3, VerbGuard.CodeOf(new CliException(ExitCode.NotFound, "")));
        Assert.Equal(4, VerbGuard.CodeOf(new HttpRequestException()));
        Assert.Equal(4, VerbGuard.CodeOf(new HubException(HubProblem.Network, "")));
        Assert.Equal(7, VerbGuard.CodeOf(new SocketException((int)SocketError.AddressAlreadyInUse)));
        Assert.Equal(130, VerbGuard.CodeOf(new OperationCanceledException()));
        Assert.Equal(1, VerbGuard.CodeOf(new IOException()));
        // Our own faults are not dressed up as a sentence.
        Assert.Null(VerbGuard.CodeOf(new InvalidOperationException()));
    }
}
