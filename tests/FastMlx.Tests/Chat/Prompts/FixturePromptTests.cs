using System.Collections.Concurrent;
using FastMlx.Chat;
using FastMlx.Tests.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>Every request that the real Claude Code sends becomes a prompt with every template that can hold a conversation.</summary>
public sealed class FixturePromptTests
{
    private const int Stride = 9;

    [Fact]
    public void EveryFixture_BecomesAPrompt()
    {
        Assert.SkipUnless(Repository.Shared is not null, "../shared is not here: 28 fixtures x 240 templates are not checked");
        (string Name, ChatRequest Request)[] fixtures = [.. Fixtures.Names.Select(name => (name, Fixtures.Read(name)))];
        var refused = new ConcurrentDictionary<string, string>();
        int built = 0;
        int fallbacks = 0;
        int count = 0;
        Parallel.ForEach(TemplatePrompts.FirstRows, (row, _, index) =>
        {
            var log = new ListLogger();
            PromptBuilder builder = TemplatePrompts.Builder(row, log, null);
            // A few for each template; all templates together meet every fixture many times.
            for (long i = index % Stride; i < fixtures.Length; i += Stride)
            {
                (string name, ChatRequest request) = fixtures[i];
                Interlocked.Increment(ref count);
                try
                {
                    ChatPrompt prompt = builder.Build(request);
                    Interlocked.Increment(ref built);
                    Assert.All(prompt.Checkpoints, c => Assert.InRange(c, 1, prompt.Tokens.Length - 1));
                }
                catch (PromptException e)
                {
                    refused.TryAdd(row.Template, $"{name}: {e.Message}");
                }
            }

            Interlocked.Add(ref fallbacks, log.Warnings.Count);
        });
        int all = count;
        TestContext.Current.SendDiagnosticMessage($"{built}/{all} prompts, {fallbacks} with a fallback; refused by:\n"
            + string.Join('\n', refused.Select(r => $"{r.Key}: {r.Value}").Order()));
        Assert.True(built >= all * 97 / 100, $"{built}/{all}\n" + string.Join('\n', refused.Select(r => $"{r.Key}: {r.Value}").Order()));
    }
}
