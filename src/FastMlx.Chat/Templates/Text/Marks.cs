namespace FastMlx.Chat.Templates;

/// <summary>
/// Origins of a string's characters as flat triples (start, end, origin), ascending and disjoint; null where every
/// character is the template's. The arrays are never changed after they are made.
/// </summary>
internal static class Marks
{
    public static int[]? Whole(int length, int origin) =>
        origin == TextOrigin.Template || length == 0 ? null : [0, length, origin];

    /// <summary>The origin of the first marked character, for results whose characters cannot be followed.</summary>
    public static int FirstOrigin(int[]? marks) => marks is null || marks.Length == 0 ? TextOrigin.Template : marks[2];

    public static int[]? Slice(int[]? marks, int start, int end)
    {
        if (marks is null || start >= end)
            return null;
        int kept = 0;
        for (int i = 0; i < marks.Length; i += 3)
        {
            if (marks[i] < end && marks[i + 1] > start)
                kept++;
        }

        if (kept == 0)
            return null;
        var slice = new int[kept * 3];
        int at = 0;
        for (int i = 0; i < marks.Length; i += 3)
        {
            if (marks[i] >= end || marks[i + 1] <= start)
                continue;
            slice[at++] = Math.Max(marks[i], start) - start;
            slice[at++] = Math.Min(marks[i + 1], end) - start;
            slice[at++] = marks[i + 2];
        }

        return slice;
    }

    public static int[]? Concat(int[]? left, int leftLength, int[]? right)
    {
        if (right is null)
            return left;
        int leftCount = left?.Length ?? 0;
        bool joins = leftCount > 0 && left![leftCount - 2] == leftLength && right[0] == 0 &&
            left[leftCount - 1] == right[2];
        var joined = new int[leftCount + right.Length - (joins ? 3 : 0)];
        left?.CopyTo(joined, 0);
        int at = leftCount;
        int first = 0;
        if (joins)
        {
            joined[leftCount - 2] = leftLength + right[1];
            first = 3;
        }

        for (int i = first; i < right.Length; i += 3)
        {
            joined[at++] = right[i] + leftLength;
            joined[at++] = right[i + 1] + leftLength;
            joined[at++] = right[i + 2];
        }

        return joined;
    }
}
