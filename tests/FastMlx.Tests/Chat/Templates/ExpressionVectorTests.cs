using System.Text.Json;
using FastMlx.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Templates;

/// <summary>Small templates and what jinja2 3.1.6 made of them in transformers' environment.</summary>
public sealed class ExpressionVectorTests
{
    [Fact]
    public void EveryVector_GivesWhatPythonGives()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, "tests", "vectors", "templates", "expressions.jsonl"));
        JsonElement variables = JsonDocument.Parse(lines[0]).RootElement.GetProperty("vars");
        var failures = new List<string>();
        foreach (string line in lines.Skip(1))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            string source = row.GetProperty("template").GetString()!;
            string? expected = row.TryGetProperty("output", out JsonElement output) ? output.GetString() : null;
            TemplateDialect dialect = row.GetProperty("env").GetString() == "hf" ? TemplateDialect.HuggingFace : TemplateDialect.Extended;
            string? actual = Render(source, dialect, variables, out string? error);
            if (actual != expected)
                failures.Add($"{source}\n    expected {expected ?? "an error"}\n    got      {actual ?? error}");
        }

        Assert.True(lines.Length > 1000);
        Assert.True(failures.Count == 0, $"{failures.Count} of {lines.Length - 1}:\n" + string.Join('\n', failures.Take(20)));
    }

    private static string? Render(string source, TemplateDialect dialect, JsonElement variables, out string? error)
    {
        error = null;
        try
        {
            return ChatTemplate.Compile(source, dialect).Render(variables, FixedClock.Instance).Text;
        }
        catch (TemplateException e)
        {
            error = e.Message;
            return null;
        }
    }
}
