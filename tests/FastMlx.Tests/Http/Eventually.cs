using Xunit;

namespace FastMlx.Tests.Http;

/// <summary>For what another task does soon: looks again every few milliseconds, for ten seconds at most.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<bool> condition)
    {
        for (int i = 0; i < 2000 && !condition(); i++) await Task.Delay(5);
        Assert.True(condition());
    }

    public static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (await condition()) return;
            await Task.Delay(5);
        }
        Assert.Fail("It did not come about.");
    }
}
