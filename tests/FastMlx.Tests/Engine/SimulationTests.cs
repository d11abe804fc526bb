using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>
/// Batching, chunking, caching, forking, evicting, preempting, cancelling and failing must not change an answer.
/// The long run: <c>--explicit only --filter-class FastMlx.Tests.Engine.SimulationTests</c>.
/// </summary>
public sealed class SimulationTests
{
    private const int RequestsPerLife = 20;

    [Fact]
    public void Simulation_EachRequestReceivesWhatItWouldAloneAndCold() => Run(1, 400);

    [Fact(Explicit = true)]
    public void Simulation_AMillionRequests() => Run(1_000_000, 50_000);

    [Theory]
    [InlineData(1001005)] // A fork that failed left its source pinned, out of the budget's reach.
    [InlineData(1000099)] // Cancelled with its last prompt step in flight and max_tokens 0.
    public void Simulation_SeedsThatFailedOnce(int seed) => new SimulatedLife(seed).Run(RequestsPerLife);

    private static void Run(int firstSeed, int lives)
    {
        var requests = 0;
        var restored = 0L;
        var saved = 0L;
        var restarts = 0;
        for (var seed = firstSeed; seed < firstSeed + lives; seed++)
        {
            var life = new SimulatedLife(seed);
            try
            {
                life.Run(RequestsPerLife);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }

            requests += life.Requests;
            restored += life.Restored;
            saved += life.Saved;
            restarts += life.Restarts;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{requests} requests in {lives} lives from seed {firstSeed}, "
            + $"{restarts} restarts, {saved} chunks saved, {restored} restored");
        Assert.Equal(lives * RequestsPerLife, requests);
        Assert.True(restored > lives / 8);
    }
}
