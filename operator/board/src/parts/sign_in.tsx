// Where nobody is signed in, or may see nothing: what to do.
import { useSignal } from "@preact/signals";
import { token } from "../api/client";
import { neverSeen, refresh, refusal, retryInSeconds } from "../state/live";
import { words } from "../words/index";
import { Command, Empty } from "./basics";
import { Icon } from "./icon";

/** Null while all is well. */
export function Refusal() {
  const said = words.value;
  const refused = refusal.value;
  if (refused?.status === 401) return <SignIn />;
  if (refused) {
    return (
      <div class="panel notice" role="alert">
        <h1>
          <Icon shape="stuck" tone="warn" size={20} /> {said.lead.no_rights}
        </h1>
        <Empty
          text={`${refused.message}. ${refused.hint}`}
          command="kubectl create rolebinding board --clusterrole=stagework-view --user=NAME -n NAMESPACE"
        />
      </div>
    );
  }
  if (!neverSeen.value) return null;
  return (
    <div class="panel notice" role="alert">
      <h1>
        <Icon shape="suspected" tone="warn" size={20} /> {said.notReached}
      </h1>
      <p>{said.nextTry(retryInSeconds.value)}</p>
      <button type="button" onClick={() => void refresh()}>
        {said.tryNow}
      </button>
      <Empty text={said.askDoctor} command="stagework doctor" />
    </div>
  );
}

function SignIn() {
  const typed = useSignal("");
  const said = words.value;
  return (
    <form
      class="panel notice"
      onSubmit={(event) => {
        event.preventDefault();
        token.value = typed.value.trim();
        typed.value = "";
      }}
    >
      <h1>{said.signIn}</h1>
      {token.value ? (
        <p role="alert" class="tone-warn">
          {said.signedOut}
        </p>
      ) : null}
      <p>{said.signInCommand}</p>
      <Command text="stagework board" />
      <p>{said.signInText}</p>
      <label class="why">
        {said.tokenLabel}
        <input
          type="password"
          autocomplete="off"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="dialog-acts">
        <button type="submit" class="filled">
          {said.signIn}
        </button>
      </div>
      <p>{said.makeToken}</p>
      <Command text="kubectl create token ACCOUNT -n NAMESPACE --audience stagework" />
    </form>
  );
}
