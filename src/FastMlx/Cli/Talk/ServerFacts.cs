namespace FastMlx.Cli.Talk;

/// <summary>What a running server says of itself. Lengths in tokens.</summary>
/// <param name="Model">Its main model.</param>
/// <param name="Models">All its models, with their contexts and longest answers.</param>
/// <param name="Families">Which of them Anthropic's families mean: haiku, sonnet, opus, fable.</param>
internal sealed record ServerFacts(
    string Model,
    IReadOnlyDictionary<string, ModelFacts> Models,
    IReadOnlyDictionary<string, string> Families)
{
    public int ContextLength => Models[Model].ContextLength;

    public string Family(string name) => Families.GetValueOrDefault(name, Model);
}

/// <summary>One model's limits.</summary>
internal sealed record ModelFacts(int ContextLength, int MaxOutput);
