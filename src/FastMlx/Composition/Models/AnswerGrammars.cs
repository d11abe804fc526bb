using FastMlx.Chat.Grammar;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Composition.Models;

/// <summary>
/// The grammars of one loaded model: its vocabulary, read when the first schema comes, and the last schemas. Any
/// thread; a grammar's states belong to the model's engine thread.
/// </summary>
internal sealed class AnswerGrammars(HfTokenizer tokenizer, int vocabularySize, int[] stopTokens)
{
    private const int CountMax = 16;

    private readonly Lazy<GrammarVocabulary> _vocabulary = new(
        () => new GrammarVocabulary(tokenizer, vocabularySize, stopTokens));

    private readonly Lock _lock = new();
    private readonly List<(string Schema, JsonGrammar Grammar)> _known = [];

    /// <exception cref="GrammarException">Nothing can be made of the schema.</exception>
    public JsonGrammar Of(string schema)
    {
        lock (_lock)
        {
            int at = _known.FindIndex(entry => entry.Schema == schema);
            JsonGrammar grammar = at >= 0 ? _known[at].Grammar : new JsonGrammar(schema, _vocabulary.Value);
            if (at >= 0)
                _known.RemoveAt(at);
            else if (_known.Count == CountMax)
                _known.RemoveAt(0);
            _known.Add((schema, grammar));
            return grammar;
        }
    }
}
