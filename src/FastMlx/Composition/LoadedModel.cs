using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// A model in memory: its text room, which outlives it, and its engine, which it owns. Immutable; any thread.
/// </summary>
internal sealed class LoadedModel(ModelText text, EngineLoop generator) : IAsyncDisposable
{
    public ModelText Text { get; } = text;

    public string Name => Text.Name;

    public EngineLoop Generator { get; } = generator;

    public AnswerGrammars Grammars { get; } =
        new(text.Tokenizer.Tokenizer, generator.Model.VocabSize, text.EndTokens);

    public ValueTask DisposeAsync() => Generator.DisposeAsync();
}
