#include "bench/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/figures.h"

namespace le_run::test {
namespace {

constexpr double kWidth = 860, kPanelHeight = 190;
constexpr double kLeft = 130, kRight = 840; // of the time axis
constexpr double kLaneHeight = 22, kLanePitch = 34, kFirstLane = 52;
constexpr double kAxis = kFirstLane + 3 * kLanePitch + 6;

const char* const kWork = "#2da44e";
const char* const kWrites = "#0969da";
const char* const kText = "#1f2328";
const char* const kFaint = "#8c959f";
const char* const kBad = "#cf222e";

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

std::string rectangle(double x, double y, double width, double height, const std::string& fill) {
    return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) +
           "\" height=\"" + number(height) + "\" fill=\"" + fill + "\"/>\n";
}

std::string words(double x, double y, const std::string& text, const std::string& fill = kText,
                  const std::string& anchor = "start") {
    return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" fill=\"" + fill +
           "\" text-anchor=\"" + anchor + "\">" + text + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& stroke) {
    return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
           "\" y2=\"" + number(y2) + "\" stroke=\"" + stroke + "\"/>\n";
}

// 1, 2 or 5 times a power of ten: about eight of them in `span`.
double step_for(double span) {
    const double least = span / 8;
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least) {
            return factor * power;
        }
    }
    return 10 * power;
}

// One panel's axis: seconds since the incident to a place on the page.
class Axis {
public:
    explicit Axis(double end) : from_(-0.08 * end), to_(1.15 * end) {}

    double at(double seconds) const {
        return kLeft + (kRight - kLeft) * (seconds - from_) / (to_ - from_);
    }
    double from() const { return from_; }
    double to() const { return to_; }

private:
    double from_, to_;
};

std::string scale(const Axis& axis) {
    std::string svg = line(kLeft, kAxis, kRight, kAxis, kFaint);
    const double step = step_for(axis.to());
    const bool is_short = axis.to() < 1;
    for (double t = 0; t <= axis.to(); t += step) {
        char text[32];
        std::snprintf(text, sizeof text, "%g %s", is_short ? t * 1e3 : t, is_short ? "ms" : "s");
        svg += line(axis.at(t), kAxis, axis.at(t), kAxis + 4, kFaint) +
               words(axis.at(t), kAxis + 17, text, kFaint, "middle");
    }
    return svg;
}

class Lanes {
public:
    Lanes(const Axis& axis, std::int64_t origin) : axis_(axis), origin_(origin) {}

    double seconds(std::int64_t ns) const { return static_cast<double>(ns - origin_) / 1e9; }
    double x(std::int64_t ns) const { return axis_.at(seconds(ns)); }
    double y(int lane) const { return kFirstLane + lane * kLanePitch; }

    std::string bar(int lane, double from, double to, const char* fill) const {
        return rectangle(from, y(lane), std::max(to - from, 1.5), kLaneHeight, fill);
    }
    std::string name(int lane, const std::string& text) const {
        return words(kLeft - 10, y(lane) + 15, text, kText, "end");
    }
    // A write as the server saw it, with its name above or below.
    std::string write(const LeaseWrite& seen, const std::string& what, const char* anchor) const {
        if (seen.received_ns == 0) {
            return "";
        }
        const double from = x(seen.received_ns), to = x(seen.answered_ns);
        const double at = std::string(anchor) == "end" ? from - 4 : to + 4;
        return bar(1, from, to, kWrites) + words(at, y(1) + 15, what, kText, anchor);
    }

private:
    const Axis& axis_;
    std::int64_t origin_;
};

std::string panel_svg(const Panel& panel) {
    const Succession& s = panel.succession;
    const Axis axis(s.since_incident);
    const Lanes lanes(axis, s.incident);
    const double end = lanes.x(s.old_ended), begin = lanes.x(s.new_began);
    std::string svg = "<text x=\"10\" y=\"20\" fill=\"" + std::string(kText) +
                      "\" font-weight=\"bold\">" + panel.title + "</text>\n";
    svg += lanes.name(0, "old worker") + lanes.bar(0, kLeft, end, kWork);
    svg += lanes.name(1, "API server") + lanes.write(s.release, "release", "end") +
           lanes.write(s.acquisition, "acquire", "start");
    svg += lanes.name(2, "new worker") + lanes.bar(2, begin, kRight, kWork);
    svg += line(axis.at(0), 34, axis.at(0), kAxis, kBad) +
           words(axis.at(0) + 4, 44, panel.incident, kBad);
    // The gap between the two workers.
    const double middle = lanes.y(0) + kLaneHeight / 2;
    svg += line(end, middle, begin, middle, kFaint) +
           line(begin, middle - 5, begin, lanes.y(2), kFaint) +
           words((end + begin) / 2, middle - 4, "nobody works: " + duration_text(s.gap), kText,
                 "middle");
    return svg + scale(axis);
}

} // namespace

Succession typical(std::vector<Succession> all) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end(),
                     [](const Succession& a, const Succession& b) { return a.gap < b.gap; });
    return *middle;
}

std::string timeline_svg(const std::vector<Panel>& panels) {
    const double height = kPanelHeight * static_cast<double>(panels.size());
    std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) +
                      " " + number(height) + "\" font-family=\"sans-serif\" font-size=\"12\">\n" +
                      rectangle(0, 0, kWidth, height, "#ffffff");
    double top = 0;
    for (const Panel& panel : panels) {
        svg += "<g transform=\"translate(0 " + number(top) + ")\">\n" + panel_svg(panel) + "</g>\n";
        top += kPanelHeight;
    }
    return svg + "</svg>\n";
}

} // namespace le_run::test
