namespace FastMlx.Api;

/// <summary>
/// Collects what is wrong with a body, in the API's `path: message` style. Reading goes on after a problem.
/// </summary>
internal sealed class Problems
{
    private const int Most = 8;

    private readonly List<string> _messages = [];

    public bool Any => _messages.Count > 0;

    public string? FirstPath { get; private set; }

    public void Add(string path, string message)
    {
        if (_messages.Count == 0)
            FirstPath = path;
        if (_messages.Count < Most)
            _messages.Add(path.Length == 0 ? message : $"{path}: {message}");
    }

    public ApiError ToError() => ApiErrors.Invalid(string.Join('\n', _messages), FirstPath);
}
