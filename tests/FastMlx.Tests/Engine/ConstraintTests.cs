using FastMlx.Engine;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>A constraint is asked before each sample and told each one, whatever runs beside it.</summary>
public sealed class ConstraintTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(512, true)]
    [InlineData(40, false)]
    public async Task EachTokenFitsWhatCameBefore_AndOtherAnswersAreTheirOwn(int stepTokens, bool canTrim)
    {
        var options = new HashModelOptions { MaxStepTokens = stepTokens, CanTrim = canTrim };
        await using var engine = await EngineLoopTests.OpenAsync(options);
        var runs = Enumerable.Range(0, 24).Select(async i =>
        {
            var ladder = new Ladder();
            var request = new GenerationRequest
            {
                Prompt = [.. Enumerable.Range(0, 60 + i).Select(t => (t * 7) % 900)],
                MaxTokens = 80,
                Constraint = i % 2 == 0 ? ladder : null,
            };
            var (tokens, _) = await EngineLoopTests.RunAsync(engine, request);
            if (i % 2 == 1)
            {
                Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
                return;
            }

            Assert.Equal(80, tokens.Count);
            Assert.Equal(tokens, ladder.Seen);
            for (var t = 0; t < tokens.Count; t++)
            {
                Assert.InRange(tokens[t], t * Ladder.Step, (t * Ladder.Step) + Ladder.Step - 1);
            }
        });
        await Task.WhenAll(runs).WaitAsync(Patience);
    }

    /// <summary>Token number t must lie on rung t.</summary>
    private sealed class Ladder : ITokenConstraint
    {
        public const int Step = 12;

        private readonly uint[] _mask = new uint[(HashModel.VocabSize + 31) / 32];

        public List<int> Seen { get; } = [];

        public ReadOnlySpan<uint> Mask
        {
            get
            {
                Array.Clear(_mask);
                for (var id = Seen.Count * Step; id < (Seen.Count + 1) * Step; id++)
                {
                    _mask[id / 32] |= 1u << (id % 32);
                }

                return _mask;
            }
        }

        public void Accept(int token) => Seen.Add(token);
    }
}
