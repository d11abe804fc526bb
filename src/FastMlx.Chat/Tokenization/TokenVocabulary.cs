using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>The model's tokens and the added ones over them. An added token's id is the model's if the model has its
/// text, else the next free one; the id in the file is not used.</summary>
internal sealed class TokenVocabulary
{
    private readonly TokenTable _model;
    private readonly Dictionary<string, int> _addedIds = [];
    private readonly SortedDictionary<int, AddedToken> _added = [];
    private readonly Dictionary<int, byte[]> _addedTexts = [];
    private readonly HashSet<int> _special = [];

    /// <param name="model">Whose tokens count first.</param>
    /// <param name="added">In the file's order; a later double counts.</param>
    /// <param name="idsAreGiven">The added tokens' own ids hold where the model does not have the text.</param>
    public TokenVocabulary(TokenModel model, IEnumerable<AddedToken> added, bool idsAreGiven = false)
    {
        _model = model.Tokens;
        int next = model.VocabularySize;
        var special = new HashSet<string>();
        foreach (AddedToken token in added)
        {
            if (token.Content.Length == 0)
                continue;
            if (!TryGetId(token.Content, out int id))
                id = idsAreGiven ? token.Id : next++;
            _addedIds[token.Content] = id;
            _added[id] = token with { Id = id };
            _addedTexts[id] = Encoding.UTF8.GetBytes(token.Content);
            if (token.Special)
                special.Add(token.Content);
        }
        foreach (string content in special)
            _special.Add(_addedIds[content]);
        Count = _model.Count + _addedIds.Keys.Count(content => !_model.TryGet(Encoding.UTF8.GetBytes(content), out _));
        MaxId = Math.Max(_model.MaxId, _added.Keys.DefaultIfEmpty(-1).Max());
    }

    public IEnumerable<AddedToken> AddedTokens => _added.Values;

    public int Count { get; }

    public int MaxId { get; }

    public bool TryGetId(string token, out int id) => _addedIds.TryGetValue(token, out id)
        || _model.TryGet(Encoding.UTF8.GetBytes(token), out id);

    public bool TryGetText(int id, out ReadOnlySpan<byte> text)
    {
        if (!_addedTexts.TryGetValue(id, out byte[]? added))
            return _model.TryGetText(id, out text);
        text = added;
        return true;
    }

    /// <summary>The model itself has a token with this text, and may form it from any text.</summary>
    public bool InModel(string token) => _model.TryGet(Encoding.UTF8.GetBytes(token), out _);

    public bool IsSpecial(int id) => _special.Contains(id);
}
