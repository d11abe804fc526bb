using System.Globalization;

namespace FastMlx.Hub;

/// <summary>Sizes for people: 512 B, 3.4 MB, 12.1 GB (powers of ten, as disks and hubs count).</summary>
public static class ByteText
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    public static string Of(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; Math.Abs(value) >= 999.5 && unit < Units.Length - 1; unit++)
            value /= 1000;
        string format = unit == 0 || Math.Abs(value) >= 99.95 ? "0" : "0.0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
