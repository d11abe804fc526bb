namespace FastMlx.Hub;

/// <summary>Checks that tensors cover the data of a file exactly: [0, a) [a, b) … [y, dataBytes).</summary>
internal static class TensorLayout
{
    public static TensorEntry[] Check(string path, List<TensorEntry> tensors, long dataBytes)
    {
        TensorEntry[] ordered = [.. tensors];
        Array.Sort(ordered, static (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach (TensorEntry tensor in ordered)
        {
            if (tensor.Begin < covered)
                Throw(ModelFileProblem.Overlap, path, $"tensor {tensor.Name} overlaps the one before it");
            if (tensor.Begin > covered)
                Throw(ModelFileProblem.Hole, path,
                    $"there are {tensor.Begin - covered} bytes before tensor {tensor.Name} that belong to no tensor");
            if (tensor.End > dataBytes)
                Throw(ModelFileProblem.Truncated, path,
                    $"the file ends inside tensor {tensor.Name} ({tensor.End - dataBytes} bytes are missing)");
            covered = tensor.End;
        }
        if (covered < dataBytes)
            Throw(ModelFileProblem.TrailingBytes, path,
                $"{dataBytes - covered} bytes after the last tensor belong to no tensor");
        return ordered;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Throw(ModelFileProblem kind, string path, string what) =>
        throw new ModelFileException(kind, path, $"{path}: {what}. The file is damaged: download it again.");
}
