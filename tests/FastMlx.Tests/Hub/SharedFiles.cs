namespace FastMlx.Tests.Hub;

/// <summary>Reference data beside the repository; null where a machine has only the project.</summary>
internal static class SharedFiles
{
    public static string? Find(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "FastMlx.sln")))
                continue;
            string path = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", relative));
            return Directory.Exists(path) || File.Exists(path) ? path : null;
        }
        return null;
    }
}
