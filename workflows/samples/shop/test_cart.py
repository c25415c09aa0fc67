from cart import Cart


def test_total():
    cart = Cart()
    cart.add("tea", 450, 2)
    assert cart.total() == 900
