using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FastMlx.Api;

/// <summary>A page of a list by `limit`, `before_id` and `after_id`, as the query asks.</summary>
public readonly record struct ModelPage(int Limit, string? BeforeId, string? AfterId)
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    /// <summary>Reads the raw text after '?'; other names are ignored.</summary>
    public static bool TryRead(string query, out ModelPage page, [NotNullWhen(false)] out ApiError? error)
    {
        int limit = DefaultLimit;
        string? before = null, after = null;
        error = null;
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string value = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
            switch (equals < 0 ? pair : pair[..equals])
            {
                case "limit":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out limit))
                        error = ApiErrors.Invalid("limit: Input should be a valid integer", "limit");
                    else if (limit is < 1 or > MaxLimit)
                        error = ApiErrors.Invalid($"limit: range: 1..{MaxLimit}", "limit");
                    break;
                case "before_id": before = value; break;
                case "after_id": after = value; break;
            }
        }
        page = new ModelPage(limit, before, after);
        return error is null;
    }

    /// <summary>The part of the list that the page shows, and whether there is more in its direction.</summary>
    public IReadOnlyList<T> Cut<T>(IReadOnlyList<T> all, Func<T, string> idOf, out bool hasMore)
    {
        int first = AfterId is null ? 0 : IndexOf(all, idOf, AfterId) + 1;
        int end = BeforeId is null ? all.Count : Math.Max(IndexOf(all, idOf, BeforeId), 0);
        // Backwards, the page is the one just before `before_id`.
        if (BeforeId is not null && AfterId is null)
            first = Math.Max(0, end - Limit);
        int last = Math.Min(end, first + Limit);
        hasMore = BeforeId is not null && AfterId is null ? first > 0 : last < end;
        return [.. all.Skip(first).Take(Math.Max(0, last - first))];
    }

    private static int IndexOf<T>(IReadOnlyList<T> all, Func<T, string> idOf, string id)
    {
        for (int i = 0; i < all.Count; i++)
        {
            if (idOf(all[i]) == id)
                return i;
        }
        return -1;
    }
}
