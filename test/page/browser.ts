import type { TestContext } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, findProgram } from "../../scripts/testing/system-programs.ts";

/** A headless Chromium that ends with the test. Root has no sandbox; the page is our own. */
export async function openBrowser(t: TestContext): Promise<Browser> {
  const executablePath = findProgram(CHROMIUM.name);
  if (executablePath === null) throw new Error("chromium is not on PATH; npm run test:page installs it");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  return browser;
}

/** A browser's page on that address, and everything that it complains of. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newPage"]>[0] = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}
