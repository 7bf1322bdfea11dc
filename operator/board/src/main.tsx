// The page: header, the page of the address, the footer; what stands in the tab.
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { followKeys } from "./state/keys";
import { start } from "./state/live";
import { applyPreferences } from "./state/preferences";
import { followAddress, route } from "./state/route";
import { showInTab } from "./state/tab";
import "./style.css";

applyPreferences();
followAddress();
followKeys();
start();
effect(showInTab);
effect(() => {
  document.documentElement.toggleAttribute("data-wall", route.value.keys.wall === "1");
});
const root = document.querySelector("#board");
if (root) render(<App />, root);
