// Brings the page to life: the static tables give way to the views.
import { effect } from "@preact/signals";
import { render } from "preact";
import { DynamicsView } from "./dynamics";
import { ExampleDialog } from "./example";
import { Examples } from "./gallery";
import { Pairs } from "./pairs";
import { Suspects } from "./suspects";
import { VIEWS, run, view } from "./state";

function mount(id: string, element: preact.ComponentChild): void {
  render(element, document.getElementById(id)!);
}

effect(() => {
  document.documentElement.dataset.view = view.value;
  for (const name of VIEWS) {
    document.getElementById(name)!.classList.toggle("shown", name === view.value);
    const link = document.querySelector(`nav a[href="#${name}"]`)!;
    if (name === view.value) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});
if (run.suspects) mount("suspects-app", <Suspects />);
mount("examples-app", <Examples />);
mount("pairs-app", <Pairs />);
if (run.dynamics) mount("dynamics-app", <DynamicsView />);
mount("dialog-app", <ExampleDialog />);
document.documentElement.classList.add("live");
document.documentElement.classList.toggle("one-class", run.classes.length < 2);
