using FastMlx.Engine;
using Xunit;

namespace FastMlx.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void Solution_Builds() => Assert.Equal(1, (int)Lane.Subagent);
}
