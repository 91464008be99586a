"""*Feature maps* in a real browser: pictures that are uploaded and drawn, and what is clicked on them."""

import http.client
import re
import urllib.parse

import numpy as np
from browsing import choose, settle, visit
from PIL import Image
from playwright.sync_api import expect

from tf_models.locale import say


def test_both_networks_look_at_an_uploaded_photo(server, page, tmp_path):
    visit(page, f"{server.url}/feature_maps?lang=en&image=upload")
    maps = page.get_by_role("img", name=re.compile("channel maps of layer"))
    before = [maps.nth(side).get_attribute("src") for side in (0, 1)]
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.jpg")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "photo.jpg")
    expect(page.get_by_text("photo.jpg")).to_be_visible()
    for side in (0, 1):  # computed by a worker: these pixels are not among the shipped ones
        expect(maps.nth(side)).not_to_have_attribute("src", before[side] or "")
    expect(maps).to_have_count(2)
    expect(page.get_by_role("img", name=re.compile("what gets attention is orange"))).to_have_count(6)


def test_a_click_on_a_cell_enlarges_its_layer_again_and_again(server, page):
    """A chart that remembers its last click would not notice the same one after another choice."""
    visit(page, f"{server.url}/feature_maps?lang=en")
    expect(page.locator("[class*=st-key-glance] .mark-rect path")).to_have_count(15 + 13)
    cell = page.get_by_label("stage 2, block 1 · 3×3 convolution output", exact=True)
    cell.click()
    expect(page).to_have_url(re.compile(r"left_layer=stage2\.block1\.mixer$"))
    right = page.get_by_role("combobox", name=re.compile("ViT: layer"))
    expect(right).to_have_value("block 2 · attention output")
    choose(page, "CNN: layer", "stage 3 · after pooling")
    expect(page).to_have_url(re.compile(r"left_layer=stage3\.pool$"))
    expect(right).to_have_value("block 4 · block output")
    settle(page)  # until then, the chart that is made anew stands beside the one before it
    expect(cell).to_have_count(1)
    cell.click()
    expect(page).to_have_url(re.compile(r"left_layer=stage2\.block1\.mixer$"))
    settle(page)
    page.go_back()
    expect(page).to_have_url(re.compile(r"left_layer=stage3\.pool$"))
    expect(right).to_have_value("block 4 · block output")
    settle(page)
    expect(cell).to_have_count(1)
    cell.click()
    expect(right).to_have_value("block 2 · attention output")


def test_a_click_on_the_image_chooses_the_patch_that_looks(server, page):
    visit(page, f"{server.url}/feature_maps?lang=en")
    patch = page.locator("[class*=st-key-patches_right]").get_by_label("the patch in row 2, column 5", exact=True)
    tile = page.get_by_role("img", name="head 1, block 1 of ViT").first
    before = tile.get_attribute("src")
    patch.scroll_into_view_if_needed()
    patch.click()
    expect(page).to_have_url(re.compile("right_query=2-5$"))
    expect(page.get_by_role("combobox", name="Query patch")).to_have_value("the patch in row 2, column 5")
    expect(tile).not_to_have_attribute("src", before or "")


def test_a_drawn_digit_is_looked_at(server, page):
    visit(page, f"{server.url}/feature_maps?lang=en&data=digits&image=draw")
    got = page.get_by_role("img", name=re.compile("What the network gets"))
    before = got.get_attribute("src")
    canvas = page.get_by_label(say("en", "feature_maps.canvas"))
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 80, box["y"] + 60)
    page.mouse.down()
    for across, down in ((200, 60), (120, 230)):
        page.mouse.move(box["x"] + across, box["y"] + down, steps=5)
    page.mouse.up()
    expect(page.get_by_text(say("en", "feature_maps.centred"))).to_be_visible()
    expect(got).not_to_have_attribute("src", before or "")
    page.get_by_role("button", name=say("en", "feature_maps.clear")).click()
    expect(page.get_by_text(say("en", "feature_maps.centred"))).to_have_count(0)


def test_no_more_pictures_are_kept_than_a_tab_may_send_and_what_is_there_stays(server, page, tmp_path):
    visit(page, f"{server.url}/feature_maps?lang=en&image=upload")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "photo.png")
    expect(page.get_by_text("photo.png")).to_be_visible()
    tab, headers = sent.value.url.rpartition("/")[0], sent.value.all_headers()
    headers = {name: headers[name] for name in ("x-xsrftoken", "cookie") if name in headers}
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="large.png"\r\n\r\n%b\r\n--x--\r\n'
    headers |= {"content-type": "multipart/form-data; boundary=x"}

    def send(name: str, whole: bool = True) -> int:
        """The status for 29 MB, of which the size alone is sent unless the `whole` is."""
        body = form % bytes(29_000_000)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest("PUT", f"{urllib.parse.urlparse(tab).path}/{name}")
        for key, value in (headers | {"content-length": str(len(body))}).items():
            connection.putheader(key, value)
        connection.endheaders(body if whole else None)
        status = connection.getresponse().status
        connection.close()
        return status

    assert [send("a"), send("b"), send("c", whole=False)] == [204, 204, 413]
    assert send("b", whole=False) == 413  # what it would replace counts until it is gone
    assert page.request.delete(f"{tab}/a", headers=headers).status == 204
    assert send("c") == 204
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_an_upload_that_is_no_image_gets_one_sentence(server, page, tmp_path):
    visit(page, f"{server.url}/feature_maps?lang=zh&image=upload")
    (tmp_path / "text.png").write_text("not a picture")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "text.png")
    expect(page.get_by_text(re.compile("text.png 不是本站能读取的图像"))).to_be_visible()
    assert page.get_by_text("Traceback").count() == 0


def test_a_file_that_cannot_be_read_leaves_the_last_picture(server, page, tmp_path):
    visit(page, f"{server.url}/feature_maps?lang=en&image=upload")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.gif")
    (tmp_path / "text.png").write_text("not a picture")
    got = page.get_by_role("img", name=re.compile("What the network gets"))
    before = got.get_attribute("src") or ""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "red.gif")
    expect(got).not_to_have_attribute("src", before)
    red = got.get_attribute("src") or ""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "text.png")
    expect(page.get_by_test_id("stAlert")).to_contain_text("not an image that the lab can read")
    settle(page)
    expect(got).to_have_attribute("src", red)


def test_a_phone_shows_one_of_two_networks_and_the_link_says_which(server, page):
    visit(page, f"{server.url}/feature_maps?lang=en&side=right")
    left, right = (page.locator(f".st-key-side_{side}_layer") for side in ("left", "right"))
    expect(left).to_be_visible()
    expect(right).to_be_visible()
    switch = page.locator(".st-key-one_side")
    expect(switch).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(left).to_be_hidden()
    expect(right).to_be_visible()
    switch.get_by_role("radio", name="CNN").click()
    expect(page).to_have_url(re.compile(r"\?lang=en$"))
    expect(right).to_be_hidden()
    expect(left).to_be_visible()
    settle(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 3000)")
    expect(switch).to_be_in_viewport()
