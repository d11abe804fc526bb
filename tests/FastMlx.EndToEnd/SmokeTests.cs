using Xunit;

namespace FastMlx.EndToEnd;

public sealed class SmokeTests
{
    [Fact]
    public void Abi_Is1() => Assert.Equal(1u, FastMlx.Native.NativeMethods.fm_abi_version());
}
