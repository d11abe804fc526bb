using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>strftime() in the C locale, with glibc's flags, for strftime_now.</summary>
internal static class Clock
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 >= format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            char flag = '\0';
            if ("-_0^#".Contains(format[i + 1]) && i + 2 < format.Length)
                flag = format[++i];
            string? field = Field(time, format[++i]);
            if (field is null)
                text.Append('%').Append(flag == 0 ? "" : flag.ToString()).Append(format[i]);
            else
                text.Append(WithFlag(field, flag, format[i]));
        }

        return text.ToString();
    }

    private static string? Field(DateTimeOffset t, char directive) => directive switch
    {
        'a' => t.ToString("ddd", Culture),
        'A' => t.ToString("dddd", Culture),
        'b' or 'h' => t.ToString("MMM", Culture),
        'B' => t.ToString("MMMM", Culture),
        'c' => $"{t.ToString("ddd MMM", Culture)} {t.Day,2} {t.ToString("HH:mm:ss yyyy", Culture)}",
        'C' => (t.Year / 100).ToString("00", Culture),
        'd' => t.ToString("dd", Culture),
        'D' or 'x' => t.ToString("MM/dd/yy", Culture),
        'e' => $"{t.Day,2}",
        'f' => t.ToString("ffffff", Culture),
        'F' => t.ToString("yyyy-MM-dd", Culture),
        'g' => (IsoYear(t) % 100).ToString("00", Culture),
        'G' => IsoYear(t).ToString("0000", Culture),
        'H' => t.ToString("HH", Culture),
        'I' => t.ToString("hh", Culture),
        'j' => t.DayOfYear.ToString("000", Culture),
        'k' => $"{t.Hour,2}",
        'l' => $"{(t.Hour + 11) % 12 + 1,2}",
        'm' => t.ToString("MM", Culture),
        'M' => t.ToString("mm", Culture),
        'n' => "\n",
        'p' => t.Hour < 12 ? "AM" : "PM",
        'P' => t.Hour < 12 ? "am" : "pm",
        'r' => t.ToString("hh:mm:ss ", Culture) + (t.Hour < 12 ? "AM" : "PM"),
        'R' => t.ToString("HH:mm", Culture),
        's' => t.ToUnixTimeSeconds().ToString(Culture),
        'S' => t.ToString("ss", Culture),
        't' => "\t",
        'T' or 'X' => t.ToString("HH:mm:ss", Culture),
        'u' => (t.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)t.DayOfWeek).ToString(Culture),
        'U' => ((t.DayOfYear + 6 - (int)t.DayOfWeek) / 7).ToString("00", Culture),
        'V' => IsoWeek(t).ToString("00", Culture),
        'w' => ((int)t.DayOfWeek).ToString(Culture),
        'W' => ((t.DayOfYear + 6 - ((int)t.DayOfWeek + 6) % 7) / 7).ToString("00", Culture),
        'y' => t.ToString("yy", Culture),
        'Y' => t.Year.ToString(Culture),
        // datetime.now() is naive: no zone.
        'z' or 'Z' => "",
        '%' => "%",
        _ => null,
    };

    private static string WithFlag(string field, char flag, char directive)
    {
        switch (flag)
        {
            case '-':
                string bare = field.TrimStart('0', ' ');
                return bare.Length == 0 && field.Length > 0 ? "0" : bare;
            case '_':
                string digits = field.TrimStart('0');
                return (digits.Length == 0 ? "0" : digits).PadLeft(field.Length);
            case '0':
                return field.Replace(' ', '0');
            case '^':
                return field.ToUpperInvariant();
            case '#':
                return directive == 'p' ? field.ToLowerInvariant() : field.ToUpperInvariant();
            default:
                return field;
        }
    }

    private static int IsoWeekday(DateTimeOffset t) => ((int)t.DayOfWeek + 6) % 7;

    private static int IsoYear(DateTimeOffset t) => t.AddDays(3 - IsoWeekday(t)).Year;

    private static int IsoWeek(DateTimeOffset t) => (t.AddDays(3 - IsoWeekday(t)).DayOfYear - 1) / 7 + 1;
}
