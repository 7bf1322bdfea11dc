// The palette's contrasts, recomputed from the style sheet (WCAG 2.2: 4.5 for text, 3 for controls).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync("src/style.css", "utf8");
const THEMES = {
  light: css.slice(css.indexOf(":root {"), css.indexOf("@media")),
  dark: css.slice(css.indexOf(':root[data-theme="dark"]'), css.indexOf("*,")),
};
const SYSTEM_DARK = css.slice(css.indexOf("@media"), css.indexOf(':root[data-theme="dark"]'));

function colours(text: string): Record<string, string> {
  const found = text.matchAll(/--([\w-]+): (#[0-9a-f]+)/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, value]));
}

function luminance(hex: string): number {
  const full = hex.length === 4 ? [...hex.slice(1)].map((x) => x + x).join("") : hex.slice(1);
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const value = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one = "", other = ""): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const STATES = ["work", "good", "wait", "away", "warn", "bad"];

for (const [theme, text] of Object.entries(THEMES)) {
  const palette = colours(text);
  test(`${theme}: text and states can be read on every ground`, () => {
    for (const ground of ["ground", "panel", "inset"])
      for (const name of ["text", "muted", ...STATES]) {
        const value = contrast(palette[name], palette[ground]);
        assert.ok(value >= 4.5, `${name} on ${ground}: ${value.toFixed(2)}`);
      }
  });
  test(`${theme}: on its own tint a state, text and muted text can be read`, () => {
    for (const state of ["bad", "warn", "away", "work"])
      for (const name of [state, "text", "muted"]) {
        const value = contrast(palette[name], palette[`tint-${state}`]);
        assert.ok(value >= 4.5, `${name} on tint of ${state}: ${value.toFixed(2)}`);
      }
  });
  test(`${theme}: edges of controls are seen, and filled buttons can be read`, () => {
    assert.ok(contrast(palette.edge, palette.panel) >= 3);
    for (const fill of ["work", "bad"])
      assert.ok(contrast(palette["on-fill"], palette[fill]) >= 4.5, fill);
  });
}

test("dark is the same whether the system or the person chose it", () => {
  assert.deepEqual(colours(SYSTEM_DARK), colours(THEMES.dark));
});
