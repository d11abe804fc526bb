namespace FastMlx.Hub;

/// <summary>
/// A file of a model is missing, damaged or hostile. The message is one or two sentences for the person who started the
/// program: what is wrong, in which file, and what to do about it.
/// </summary>
public sealed class ModelFileException : Exception
{
    public ModelFileException(ModelFileProblem kind, string file, string message, Exception? cause = null)
        : base(message, cause)
    {
        Kind = kind;
        File = file;
    }

    public ModelFileProblem Kind { get; }

    /// <summary>The path of the file (or of the folder that lacks one).</summary>
    public string File { get; }
}
