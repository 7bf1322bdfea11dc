// Every component test; bundled into one file, for node.
import "./format.test";
import "./sentence.test";
import "./palette.test";
import "./parts.test";
import "./route.test";
import "./schedules.test";
import "./acts.test";
import "./client.test";
