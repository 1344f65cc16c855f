// Sign-in, which only changes require.

import { signIn, signOut, whoIsIn } from "./api.js";
import { h, toast } from "./dom.js";

function said(name) {
  document.dispatchEvent(new CustomEvent("signed", { detail: name }));
}

export function askToSignIn() {
  return new Promise((resolve) => {
    const wrong = h("p", { class: "wrong", role: "alert" });
    const email = h("input", { type: "email", name: "email", autocomplete: "username", required: true, value: "admin@glasshouse.example" });
    const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
    const enter = h("button", { type: "submit", class: "main" }, "Sign in");
    const form = h("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        enter.disabled = true;
        try {
          const session = await signIn(email.value, password.value);
          resolve(session);
          said(session.email);
          dialog.close();
        } catch (problem) {
          wrong.textContent = problem.message;
        } finally {
          enter.disabled = false;
        }
      },
    }, h("label", {}, "E-mail", email), h("label", {}, "Password", password), wrong, enter);
    const dialog = h("dialog", { "aria-labelledby": "enter-title" }, h("h2", { id: "enter-title" }, "Sign in as the shop's administrator"),
      h("p", { class: "hint" }, "Viewing does not require sign-in; changes do. The password is stored in the folder of the instance: ", h("code", {}, "secrets/admin_password"), "."), form);
    dialog.addEventListener("close", () => {
      resolve(null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    password.focus();
  });
}

// Resolves to true if signed in. Opens the sign-in dialog if not.
export async function mustBeIn() {
  const session = await whoIsIn();
  return session.signed_in || Boolean(await askToSignIn());
}

export async function account(button) {
  function show(session) {
    button.textContent = session?.signed_in ? "Sign out" : "Sign in";
    button.title = session?.signed_in ? session.email : "";
  }
  button.addEventListener("click", async () => {
    const session = await whoIsIn();
    if (!session.signed_in) {
      await askToSignIn();
      return;
    }
    try {
      await signOut();
      toast("Signed out.");
    } catch (problem) {
      toast(problem.message);
    }
    said("");
  });
  document.addEventListener("signed", async () => show(await whoIsIn()));
  show(await whoIsIn().catch(() => null));
}
